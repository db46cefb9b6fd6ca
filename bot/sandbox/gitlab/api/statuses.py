"""What outside systems say about commits, beside the jobs."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.commits import commit_named
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import pipelines
from bot.sandbox.gitlab.entities import runs
from bot.sandbox.gitlab.model import CommitStatus, Level

_STATES = ("pending", "running", "success", "failed", "canceled", "skipped")


async def list_statuses(call: Call) -> Response:
    """The jobs and outside statuses of a commit."""
    project, store = call.code(), call.forge.store
    commit = await commit_named(call, project, call.part("sha"))
    ours = store.pipelines.where(lambda p: p.project_id == project.id and p.sha == commit.sha)
    jobs = [job for run in ours for job in pipelines.jobs_of(call.forge, run.id)]
    outside = store.statuses.where(lambda s: s.project_id == project.id and s.sha == commit.sha)
    found: list[dict[str, Any]] = [runs.status_of_job(call.forge, job) for job in jobs]
    found += [runs.status(call.forge, each) for each in outside]
    for name in ("name", "ref"):
        wanted = call.params.text(name)
        found = [each for each in found if wanted is None or each[name] == wanted]
    return paged(call, found, lambda each: each)


async def set_status(call: Call) -> Response:
    """Say how an outside check of a commit goes."""
    project = call.project(Level.DEVELOPER)
    call.params.need("state")
    state = call.params.choice("state", _STATES)
    commit = await commit_named(call, project, call.part("sha"))
    name = call.params.text("name") or call.params.text("context") or "default"
    ref = call.params.text("ref") or project.default_branch
    now = call.forge.now()
    over = state not in {"pending", "running"}
    known = call.forge.store.statuses.first(
        lambda s: (s.project_id, s.sha, s.name, s.ref) == (project.id, commit.sha, name, ref)
    )
    if known is not None and known.status == state:
        raise errors.bad_request(f"Cannot transition status via :{state} from :{known.status}")
    draft = CommitStatus(
        id=known.id if known else 0,
        project_id=project.id,
        sha=commit.sha,
        ref=ref,
        name=name,
        status=state or "",
        created_at=known.created_at if known else now,
        author_id=call.user.id,
        target_url=call.params.text("target_url"),
        description=call.params.text("description"),
        started_at=None if state == "pending" else now,
        finished_at=now if over else None,
    )
    statuses = call.forge.store.statuses
    stored = (
        statuses.put(draft)
        if known
        else statuses.add(lambda number: draft.model_copy(update={"id": number}))
    )
    return answer(runs.status(call.forge, stored), 201)


ROUTES = (
    Route("GET", "/projects/{id}/repository/commits/{sha}/statuses", list_statuses),
    Route("POST", "/projects/{id}/statuses/{sha}", set_status),
)
