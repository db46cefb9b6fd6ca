"""Pipelines: list, start, cancel, retry."""

from starlette.responses import Response

from bot.sandbox.gitlab import access, errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.commits import commit_named
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import control, pipelines, plans, status
from bot.sandbox.gitlab.entities import runs
from bot.sandbox.gitlab.model import Level, Pipeline, Project

_ORDERS = ("id", "status", "ref", "updated_at", "user_id")
_SCOPES = {
    "running": {"running"},
    "pending": {"pending"},
    "finished": status.FINISHED,
}


async def list_pipelines(call: Call) -> Response:
    """The project's pipelines, the newest first."""
    found = [each for each in _of(call, call.code()) if _is_wanted(call, each)]
    order = call.params.choice("order_by", _ORDERS) or "id"
    descending = call.params.choice("sort", ("asc", "desc")) != "asc"
    found.sort(key=lambda each: (getattr(each, order), each.id), reverse=descending)
    return paged(call, found, lambda each: runs.basic(call.forge, each))


def _of(call: Call, project: Project) -> list[Pipeline]:
    return call.forge.store.pipelines.where(lambda each: each.project_id == project.id)


def _is_wanted(call: Call, pipeline: Pipeline) -> bool:
    params = call.params
    since, until = params.moment("updated_after"), params.moment("updated_before")
    scope = params.choice("scope", (*_SCOPES, "branches", "tags"))
    username = params.text("username")
    user = call.forge.store.users[pipeline.user_id]
    checks = (
        all(
            name not in params or getattr(pipeline, name) == params.text(name)
            for name in ("ref", "sha", "status", "source")
        ),
        since is None or pipeline.updated_at > since,
        until is None or pipeline.updated_at < until,
        scope not in _SCOPES or pipeline.status in _SCOPES[scope],
        scope not in {"branches", "tags"} or pipeline.tag is (scope == "tags"),
        username is None or user.username == username,
    )
    return all(checks)


def one(call: Call, minimum: Level = Level.NONE) -> Pipeline:
    """The pipeline that the path names."""
    project = call.project(minimum)
    call.code()
    found = call.forge.store.pipelines.get(call.number("pipeline_id"))
    if found is None or found.project_id != project.id:
        raise errors.not_found()
    return found


async def get_pipeline(call: Call) -> Response:
    """One pipeline."""
    return answer(runs.full(call.forge, one(call)) | {"name": None})


async def latest_pipeline(call: Call) -> Response:
    """The newest pipeline of a branch."""
    project = call.code()
    ref = call.params.text("ref") or project.default_branch
    tip = project.refs.get(f"refs/heads/{ref}")
    found = [each for each in _of(call, project) if each.ref == ref and each.sha == tip]
    if not found:
        raise errors.forbidden() if tip is None else errors.not_found("Pipeline")
    return answer(runs.full(call.forge, found[-1]))


async def create_pipeline(call: Call) -> Response:
    """Start a pipeline for a branch or tag."""
    project = call.project(Level.DEVELOPER)
    call.params.need("ref")
    ref = call.params.needed_text("ref")
    tag = f"refs/tags/{ref}" in project.refs
    if not tag and f"refs/heads/{ref}" not in project.refs:
        raise errors.bad_request({"base": ["Reference not found"]})
    if access.protections(call.forge, project, ref) and not access.may_merge(
        call.forge, call.caller, project, ref
    ):
        problem = f"You do not have sufficient permission to run a pipeline on '{ref}'"
        raise errors.bad_request({"base": [problem]})
    found = await commit_named(call, project, ref)
    sent = call.params.records("variables") or []
    trigger = pipelines.Trigger(
        ref=ref,
        sha=found.sha,
        source="api",
        user=call.user,
        tag=tag,
        variables={each.needed_text("key"): each.text("value") or "" for each in sent},
    )
    return await _start(call, project, trigger)


async def _start(call: Call, project: Project, trigger: pipelines.Trigger) -> Response:
    source = await plans.source_of(call.forge, project, trigger.sha, trigger.before)
    with call.forge.store.transaction():
        made = pipelines.make(call.forge, project, trigger, source)
    if isinstance(made, str):
        raise errors.bad_request({"base": [made]})
    call.forge.store.count_creation("pipelines", f"{call.forge.full_path(project)}@{trigger.ref}")
    await pipelines.announce(call.forge, made.id)
    if made.yaml_errors is not None:
        raise errors.bad_request({"base": made.yaml_errors.split("\n")})
    call.forge.on_jobs_ready(made.id)
    return answer(runs.full(call.forge, made), 201)


async def pipeline_variables(call: Call) -> Response:
    """The variables that a pipeline was started with."""
    found = one(call, Level.DEVELOPER).variables
    return answer(
        [{"key": k, "value": v, "variable_type": "env_var", "raw": False} for k, v in found.items()]
    )


async def cancel_pipeline(call: Call) -> Response:
    """Stop a pipeline."""
    changed = await control.cancel_pipeline(call.forge, one(call, Level.DEVELOPER))
    return answer(runs.full(call.forge, changed), 201)


async def retry_pipeline(call: Call) -> Response:
    """Run what failed again."""
    pipeline = one(call, Level.DEVELOPER)
    changed = await control.retry_pipeline(call.forge, pipeline, call.user)
    return answer(runs.full(call.forge, changed), 201)


async def delete_pipeline(call: Call) -> Response:
    """Delete a pipeline with its jobs."""
    pipeline = one(call, Level.OWNER)
    await call.forge.stop_pipelines({pipeline.id})
    with call.forge.store.transaction():
        call.forge.store.jobs.remove_where(lambda each: each.pipeline_id == pipeline.id)
        call.forge.store.pipelines.remove(pipeline.id)
    return nothing()


_BASE = "/projects/{id}/pipelines"
ROUTES = (
    Route("GET", _BASE, list_pipelines),
    Route("POST", "/projects/{id}/pipeline", create_pipeline),
    Route("GET", f"{_BASE}/latest", latest_pipeline),
    Route("GET", f"{_BASE}/{{pipeline_id}}", get_pipeline),
    Route("DELETE", f"{_BASE}/{{pipeline_id}}", delete_pipeline),
    Route("GET", f"{_BASE}/{{pipeline_id}}/variables", pipeline_variables),
    Route("POST", f"{_BASE}/{{pipeline_id}}/retry", retry_pipeline),
    Route("POST", f"{_BASE}/{{pipeline_id}}/cancel", cancel_pipeline),
)
