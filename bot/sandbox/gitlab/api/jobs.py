"""Jobs: list them, read their logs, cancel, retry and play them."""

from starlette.responses import PlainTextResponse, Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api import pipelines as pipelines_api
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.paging import paged_slowly
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import control, pipelines, traces
from bot.sandbox.gitlab.entities import runs
from bot.sandbox.gitlab.git import reading
from bot.sandbox.gitlab.model import Job, Level

_STATES = frozenset(
    {
        "created",
        "waiting_for_resource",
        "preparing",
        "pending",
        "running",
        "failed",
        "success",
        "canceling",
        "canceled",
        "skipped",
        "manual",
        "scheduled",
    }
)


async def _shown(call: Call, job: Job) -> dict[str, object]:
    return runs.job(call.forge, job, await _commit(call, job))


async def _commit(call: Call, job: Job) -> reading.Commit:
    pipeline = call.forge.store.pipelines[job.pipeline_id]
    project = call.forge.store.projects[job.project_id]
    return await call.forge.git(reading.commit, project, pipeline.sha)


async def _listed(call: Call, jobs: list[Job]) -> Response:
    states = set(call.params.texts("scope") or ())
    if not states <= _STATES:
        raise errors.bad_parameter("scope does not have a valid value")
    wanted = [job for job in jobs if not states or job.status in states]
    return await paged_slowly(call, wanted[::-1], lambda job: _shown(call, job))


async def list_of_pipeline(call: Call) -> Response:
    """The jobs of a pipeline, the newest first; retried ones on request."""
    pipeline = pipelines_api.one(call)
    retried = call.params.flag("include_retried")
    return await _listed(call, pipelines.jobs_of(call.forge, pipeline.id, retried=retried))


async def list_of_project(call: Call) -> Response:
    """All jobs of a project, the newest first."""
    project = call.code()
    return await _listed(call, call.forge.store.jobs.where(lambda j: j.project_id == project.id))


def one(call: Call, minimum: Level = Level.NONE) -> Job:
    """The job that the path names."""
    project = call.project(minimum)
    call.code()
    job = call.forge.store.jobs.get(call.number("job_id"))
    if job is None or job.project_id != project.id:
        raise errors.not_found()
    return job


async def get_job(call: Call) -> Response:
    """One job."""
    return answer(await _shown(call, one(call)))


async def own_job(call: Call) -> Response:
    """The job whose token this is."""
    token = call.caller.token
    job = call.forge.store.jobs.get(token.job_id if token else None)
    if job is None:
        raise errors.unauthorized()
    return answer(await _shown(call, job))


async def trace(call: Call) -> Response:
    """A job's log."""
    return PlainTextResponse(traces.read(call.forge, one(call).id))


async def cancel(call: Call) -> Response:
    """Stop a job."""
    return answer(await _shown(call, await control.cancel_job(call.forge, _write(call))), 201)


async def retry(call: Call) -> Response:
    """Run a job again."""
    job = await control.retry_job(call.forge, _write(call), call.user)
    return answer(await _shown(call, job), 201)


async def play(call: Call) -> Response:
    """Start a manual job."""
    job = await control.play(call.forge, _write(call), call.user)
    return answer(runs.started_job(call.forge, job, await _commit(call, job)))


def _write(call: Call) -> Job:
    return one(call, Level.DEVELOPER)


_BASE = "/projects/{id}/jobs"
ROUTES = (
    Route("GET", "/job", own_job, job_token=True),
    Route("GET", "/projects/{id}/pipelines/{pipeline_id}/jobs", list_of_pipeline),
    Route("GET", _BASE, list_of_project),
    Route("GET", f"{_BASE}/{{job_id}}", get_job),
    Route("GET", f"{_BASE}/{{job_id}}/trace", trace),
    Route("POST", f"{_BASE}/{{job_id}}/cancel", cancel),
    Route("POST", f"{_BASE}/{{job_id}}/retry", retry),
    Route("POST", f"{_BASE}/{{job_id}}/play", play),
)
