"""The life of a merge request: opened, kept up to date with its branches, merged or closed."""

from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.gitlab import changes, errors, freshness
from bot.sandbox.gitlab.ci import status
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import merging, reading, repository
from bot.sandbox.gitlab.git.writing import Author
from bot.sandbox.gitlab.model import MergeRequest, Pipeline, Project, User
from bot.sandbox.gitlab.webhooks import payloads, queue

_CANNOT_REBASE = "Rebase failed: Rebase locally, resolve all conflicts, then push the branch."
_DRAFT_MARKS = ("draft:", "[draft]", "(draft)")


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants a merge request merged."""

    squash: bool
    remove_source_branch: bool
    merge_message: str | None = None
    squash_message: str | None = None


def is_draft(request: MergeRequest) -> bool:
    """Whether its title says that it is not ready."""
    return request.title.lower().startswith(_DRAFT_MARKS)


def open_one(forge: Forge, project: Project, source: str, target: str) -> MergeRequest | None:
    """The open merge request of two branches."""
    return forge.store.merge_requests.first(
        lambda each: (
            each.project_id == project.id
            and each.state == "opened"
            and (each.source_branch, each.target_branch) == (source, target)
        )
    )


def head_pipeline(forge: Forge, request: MergeRequest) -> Pipeline | None:
    """The newest pipeline of its source branch's tip; the request's own ones count before the branch's."""
    found = forge.store.pipelines.where(
        lambda each: (
            (each.project_id, each.sha) == (request.project_id, request.sha)
            and each.merge_request_id in {None, request.id}
        )
    )
    own = [each for each in found if each.merge_request_id is not None]
    return next(reversed(own or found), None)


def detailed_status(forge: Forge, request: MergeRequest) -> str:
    """Whether it can be merged now, and if not why not."""
    project = forge.store.projects[request.project_id]
    pipeline = head_pipeline(forge, request)
    must_pass = bool(project.settings.get("only_allow_merge_if_pipeline_succeeds"))
    reasons = (
        (request.state != "opened", "not_open"),
        (is_draft(request), "draft_status"),
        (request.sha == request.target_sha, "commits_status"),
        (request.has_conflicts, "conflict"),
        (must_pass and pipeline is None, "ci_must_pass"),
        (must_pass and _runs(pipeline), "ci_still_running"),
        (must_pass and pipeline is not None and pipeline.status != "success", "ci_must_pass"),
    )
    return next((word for holds, word in reasons if holds), "mergeable")


def _runs(pipeline: Pipeline | None) -> bool:
    return pipeline is not None and pipeline.status in status.ACTIVE


async def announce(forge: Forge, request: MergeRequest, actor: User, action: str) -> None:
    """Tell the hooks."""
    project = forge.store.projects[request.project_id]
    last = await forge.git(reading.commit, project, request.sha)
    body = payloads.merge_request(forge, project, actor, request, action, last)
    queue.announce(forge, project, "merge_requests_events", body)


async def merge(forge: Forge, request: MergeRequest, actor: User, wish: Wish) -> MergeRequest:
    """Merge it now.

    Raises:
        ApiError: it has conflicts.
    """
    project = forge.store.projects[request.project_id]
    async with forge.repositories.writing(project.id):
        try:
            merged = await forge.git(merging.merge, project, _merge(forge, request, actor, wish))
        except merging.Conflict as error:
            raise errors.unprocessable("Branch cannot be merged") from error
        request = forge.store.merge_requests.change(
            request.id,
            state="merged",
            merged_at=forge.now(),
            updated_at=forge.now(),
            merge_user_id=actor.id,
            merge_commit_sha=merged.merge_commit,
            squash_commit_sha=merged.squash_commit,
            squash=wish.squash,
            auto_merge=False,
        )
        if wish.remove_source_branch:
            await forge.git(_drop, project, freshness.HEADS + request.source_branch)
        await changes.follow_up(forge, project.id, actor)
    await announce(forge, request, actor, "merge")
    return request


async def rebase(forge: Forge, request: MergeRequest, actor: User) -> None:
    """Put its commits on top of the target branch; what prevents that is noted in the merge request."""
    project = forge.store.projects[request.project_id]
    author, problem = Author(actor.name, actor.email), None
    async with forge.repositories.writing(project.id):
        try:
            await forge.git(
                merging.rebase,
                project,
                request.source_branch,
                request.target_branch,
                author,
                forge.now(),
            )
        except merging.Conflict:
            problem = _CANNOT_REBASE
        forge.store.merge_requests.change(request.id, merge_error=problem)
        await changes.follow_up(forge, project.id, actor)


async def merge_waiting(forge: Forge, pipeline: Pipeline) -> None:
    """Merge what waits for this pipeline, if it has passed."""
    if pipeline.status != "success":
        return
    waiting = forge.store.merge_requests.where(
        lambda each: (
            each.auto_merge and each.project_id == pipeline.project_id and each.sha == pipeline.sha
        )
    )
    for known in waiting:
        request = await freshness.refreshed(forge, known)
        decisive = head_pipeline(forge, request) == pipeline
        if decisive and detailed_status(forge, request) == "mergeable":
            wish = Wish(request.squash, request.remove_source_branch)
            await merge(forge, request, forge.store.users[request.author_id], wish)


def _drop(path: Path, ref: str) -> None:
    if ref in repository.refs(path):
        repository.drop_ref(path, ref)


def _merge(forge: Forge, request: MergeRequest, actor: User, wish: Wish) -> merging.Merge:
    project = forge.store.projects[request.project_id]
    reference = f"{forge.full_path(project)}!{request.iid}"
    own = (
        f"Merge branch '{request.source_branch}' into '{request.target_branch}'\n\n"
        f"{request.title}\n\nSee merge request {reference}"
    )
    return merging.Merge(
        source=request.sha,
        target=request.target_branch,
        message=wish.merge_message or own,
        author=Author(actor.name, actor.email),
        at=forge.now(),
        squash_message=(wish.squash_message or request.title) if wish.squash else None,
        fast_forward=project.settings.get("merge_method") == "ff",
    )
