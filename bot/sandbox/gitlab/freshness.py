"""Bring what is stored of a merge request up to date with its branches."""

from pathlib import Path

import pygit2

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import merging, repository
from bot.sandbox.gitlab.model import MergeRequest

HEADS = "refs/heads/"


async def refreshed(forge: Forge, request: MergeRequest) -> MergeRequest:
    """An open merge request as its branches now stand; others as they were left."""
    project = forge.store.projects[request.project_id]
    source = project.refs.get(HEADS + request.source_branch)
    target = project.refs.get(HEADS + request.target_branch)
    if request.state != "opened" or source is None or target is None:
        return request
    if (source, target) == (request.sha, request.target_sha):
        return request
    conflicts = await forge.git(merging.has_conflicts, project, source, target)
    await forge.git(_point, project, head_ref(request), source)
    return forge.store.merge_requests.change(
        request.id, sha=source, target_sha=target, has_conflicts=conflicts
    )


def head_ref(request: MergeRequest) -> str:
    """The ref that keeps the commits of a merge request, also when its branch is gone."""
    return f"refs/merge-requests/{request.iid}/head"


def _point(path: Path, ref: str, sha: str) -> None:
    repository.opened(path).references.create(ref, pygit2.Oid(hex=sha), force=True)
