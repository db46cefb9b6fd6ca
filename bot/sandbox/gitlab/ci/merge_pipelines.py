"""Pipelines of merge requests: for the source branch's tip, with rules that ask for `merge_request_event`."""

from pathlib import Path

import pygit2

from bot.sandbox.gitlab import freshness
from bot.sandbox.gitlab.ci import pipelines, plans
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import repository
from bot.sandbox.gitlab.model import MergeRequest, Pipeline, Project, User

SOURCE = "merge_request_event"


async def start(forge: Forge, request: MergeRequest, user: User) -> Pipeline | str:
    """Start one for the merge request as it stands, or say in GitLab's words why there is none."""
    project = forge.store.projects[request.project_id]
    base = await forge.git(_base, project, request.target_sha, request.sha)
    source = await plans.source_of(forge, project, request.sha, base)
    trigger = pipelines.Trigger(
        ref=freshness.head_ref(request),
        sha=request.sha,
        source=SOURCE,
        user=user,
        merge_request_id=request.id,
        changed_since=base,
    )
    with forge.store.transaction():
        made = pipelines.make(forge, project, trigger, source)
    if isinstance(made, Pipeline):
        await pipelines.announce(forge, made.id)
        forge.on_jobs_ready(made.id)
    return made


async def start_for_branch(forge: Forge, project: Project, branch: str, user: User) -> None:
    """Start one for each open merge request whose source branch has moved."""
    for request in forge.store.merge_requests.where(
        lambda each: (
            (each.project_id, each.source_branch, each.state) == (project.id, branch, "opened")
        )
    ):
        await start(forge, await freshness.refreshed(forge, request), user)


def _base(path: Path, target: str, source: str) -> str:
    """Where the two parted; what came later on the target is no change of the request's."""
    found = repository.opened(path).merge_base(pygit2.Oid(hex=target), pygit2.Oid(hex=source))
    return str(found) if found else repository.ZERO
