"""Merge requests: open, look at, merge, close."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, errors, freshness, merge_requests
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import merge_pipelines, status
from bot.sandbox.gitlab.entities import code, requests, runs
from bot.sandbox.gitlab.git import diffs
from bot.sandbox.gitlab.model import Level, MergeRequest, Project

_HEADS = "refs/heads/"


async def list_requests(call: Call) -> Response:
    """The project's merge requests, the newest first."""
    project = call.code()
    state = call.params.choice("state", ("opened", "closed", "merged", "locked", "all"))
    found = [
        await freshness.refreshed(call.forge, each)
        for each in call.forge.store.merge_requests.where(lambda m: m.project_id == project.id)
        if state in {None, "all", each.state} and _is_wanted(call, each)
    ]
    return paged(call, found[::-1], lambda each: requests.basic(call.forge, each))


def _is_wanted(call: Call, request: MergeRequest) -> bool:
    search = (call.params.text("search") or "").lower()
    haystack = f"{request.title}\n{request.description or ''}".lower()
    iids = call.params.integers("iids")
    return (
        all(
            name not in call.params or getattr(request, name) == call.params.text(name)
            for name in ("source_branch", "target_branch")
        )
        and search in haystack
        and (iids is None or request.iid in iids)
    )


async def one(call: Call, minimum: Level = Level.NONE) -> tuple[Project, MergeRequest]:
    """The merge request that the path names, as its branches now stand."""
    project = call.project(minimum)
    call.code()
    wanted = call.number("iid")
    found = call.forge.store.merge_requests.first(
        lambda each: each.project_id == project.id and each.iid == wanted
    )
    if found is None:
        raise errors.not_found()
    return project, await freshness.refreshed(call.forge, found)


async def _shown(call: Call, request: MergeRequest, status_code: int = 200) -> Response:
    project = call.forge.store.projects[request.project_id]
    changed = await call.forge.git(diffs.compare, project, request.target_sha, request.sha)
    return answer(requests.full(call.forge, request, len(changed.files)), status_code)


async def get_request(call: Call) -> Response:
    """One merge request."""
    return await _shown(call, (await one(call))[1])


async def create_request(call: Call) -> Response:
    """Ask for a branch to be merged."""
    project = call.project(Level.DEVELOPER)
    call.params.need("source_branch", "target_branch", "title")
    source = call.params.needed_text("source_branch")
    target = call.params.needed_text("target_branch")
    _check_branches(call, project, source, target)
    others = call.forge.store.merge_requests.where(lambda each: each.project_id == project.id)
    now = call.forge.now()
    made = call.forge.store.merge_requests.add(
        lambda number: MergeRequest.model_validate(
            {
                "id": number,
                "project_id": project.id,
                "iid": max((each.iid for each in others), default=0) + 1,
                "source_branch": source,
                "target_branch": target,
                "author_id": call.user.id,
                "created_at": now,
                "updated_at": now,
                "sha": "",
                "target_sha": "",
            }
            | _fields(call)
        )
    )
    made = await freshness.refreshed(call.forge, made)
    path = call.forge.full_path(project)
    call.forge.store.count_creation("merge_requests", f"{path}:{source}->{target}")
    await merge_requests.announce(call.forge, made, call.user, "open")
    await merge_pipelines.start(call.forge, made, call.user)
    return await _shown(call, made, 201)


def _check_branches(call: Call, project: Project, source: str, target: str) -> None:
    if source == target:
        raise errors.unprocessable(["You can't use same project/branch for source and target"])
    for kind, branch in (("Source", source), ("Target", target)):
        if _HEADS + branch not in project.refs:
            raise errors.bad_request([f'{kind} branch "{branch}" does not exist'])
    known = merge_requests.open_one(call.forge, project, source, target)
    if known is not None:
        raise errors.conflict(
            [f"Another open merge request already exists for this source branch: !{known.iid}"]
        )


def _fields(call: Call) -> dict[str, Any]:
    params = call.params
    fields: dict[str, Any] = {}
    for name in ("title", "description", "target_branch"):
        if name in params:
            fields[name] = params.text(name)
    if "labels" in params:
        fields["labels"] = params.texts("labels")
    for name in ("assignee_ids", "reviewer_ids"):
        if name in params:
            known = call.forge.store.users
            fields[name] = tuple(each for each in params.integers(name) or () if known.get(each))
    for name in ("squash", "remove_source_branch"):
        if name in params:
            fields[name] = params.flag(name)
    return fields


async def edit_request(call: Call) -> Response:
    """Change what is said of it, close it, or open it again."""
    _, request = await one(call, Level.DEVELOPER)
    event = call.params.choice("state_event", ("close", "reopen"))
    update = _fields(call) | {"updated_at": call.forge.now()}
    if event == "close" and request.state == "opened":
        update |= {
            "state": "closed",
            "closed_by_id": call.user.id,
            "closed_at": call.forge.now(),
        }
    elif event == "reopen" and request.state == "closed":
        update |= {"state": "opened", "closed_by_id": None, "closed_at": None}
    changed = call.forge.store.merge_requests.change(request.id, **update)
    await merge_requests.announce(call.forge, changed, call.user, event or "update")
    return await _shown(call, changed)


async def merge_request(call: Call) -> Response:
    """Merge it now, or as soon as its pipeline has passed."""
    project, request = await one(call, Level.DEVELOPER)
    if not access.may_merge(call.forge, call.caller, project, request.target_branch):
        raise errors.unauthorized()
    sha = call.params.text("sha")
    if sha is not None and sha != request.sha:
        raise errors.conflict("SHA does not match HEAD of source branch")
    auto = call.params.flag("auto_merge") or call.params.flag("merge_when_pipeline_succeeds")
    pipeline = merge_requests.head_pipeline(call.forge, request)
    if auto and pipeline is not None and pipeline.status in status.ACTIVE:
        return await _shown(
            call, call.forge.store.merge_requests.change(request.id, auto_merge=True)
        )
    detailed = merge_requests.detailed_status(call.forge, request)
    if detailed == "conflict":
        raise errors.unprocessable("Branch cannot be merged")
    if detailed != "mergeable":
        raise errors.ApiError(405, {"message": "405 Method Not Allowed"})
    merged = await merge_requests.merge(call.forge, request, call.user, _wish(call, request))
    return await _shown(call, merged)


def _wish(call: Call, request: MergeRequest) -> merge_requests.Wish:
    params = call.params
    return merge_requests.Wish(
        squash=params.flag("squash", default=request.squash),
        remove_source_branch=params.flag(
            "should_remove_source_branch", default=request.remove_source_branch
        ),
        merge_message=params.text("merge_commit_message"),
        squash_message=params.text("squash_commit_message"),
    )


async def list_diffs(call: Call) -> Response:
    """What it changes, file by file."""
    project, request = await one(call)
    found = await call.forge.git(diffs.compare, project, request.target_sha, request.sha)
    return paged(call, found.files, code.diff)


async def list_changes(call: Call) -> Response:
    """The merge request with its changes in one answer."""
    project, request = await one(call)
    found = await call.forge.git(diffs.compare, project, request.target_sha, request.sha)
    shown = requests.full(call.forge, request, len(found.files))
    return answer(shown | {"changes": [code.diff(each) for each in found.files], "overflow": False})


async def list_commits(call: Call) -> Response:
    """The commits that it brings, the newest first."""
    project, request = await one(call)
    found = await call.forge.git(diffs.compare, project, request.target_sha, request.sha)
    return paged(call, found.commits[::-1], lambda each: code.commit(call.forge, project, each))


async def list_pipelines(call: Call) -> Response:
    """Its own pipelines and those of its source branch, the newest first."""
    project, request = await one(call)
    found = call.forge.store.pipelines.where(
        lambda each: (
            each.merge_request_id == request.id
            or (each.project_id, each.ref) == (project.id, request.source_branch)
        )
    )
    return paged(call, found[::-1], lambda each: runs.basic(call.forge, each))


async def rebase(call: Call) -> Response:
    """Put its commits on top of the target branch; it is done when the answer arrives."""
    project, request = await one(call, Level.DEVELOPER)
    if not access.may_push(call.forge, call.caller, project, request.source_branch):
        raise errors.forbidden("Cannot push to source branch")
    await merge_requests.rebase(call.forge, request, call.user)
    return answer({"rebase_in_progress": True}, 202)


async def create_pipeline(call: Call) -> Response:
    """Start a pipeline of the merge request."""
    _, request = await one(call, Level.DEVELOPER)
    made = await merge_pipelines.start(call.forge, request, call.user)
    if isinstance(made, str):
        raise errors.bad_request({"base": [made]})
    return answer(runs.full(call.forge, made), 201)


_BASE = "/projects/{id}/merge_requests"
_ONE = f"{_BASE}/{{iid}}"
ROUTES = (
    Route("GET", _BASE, list_requests),
    Route("POST", _BASE, create_request),
    Route("GET", _ONE, get_request),
    Route("PUT", _ONE, edit_request),
    Route("PUT", f"{_ONE}/merge", merge_request),
    Route("PUT", f"{_ONE}/rebase", rebase),
    Route("GET", f"{_ONE}/diffs", list_diffs),
    Route("GET", f"{_ONE}/changes", list_changes),
    Route("GET", f"{_ONE}/commits", list_commits),
    Route("GET", f"{_ONE}/pipelines", list_pipelines),
    Route("POST", f"{_ONE}/pipelines", create_pipeline),
)
