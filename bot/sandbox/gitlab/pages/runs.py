"""Pages about pipelines and jobs, which follow what is running."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from bot.sandbox.gitlab.ci import archives, traces
from bot.sandbox.gitlab.ci.status import ACTIVE
from bot.sandbox.gitlab.entities.times import seconds
from bot.sandbox.gitlab.git import reading
from bot.sandbox.gitlab.model import Job, Pipeline, Project
from bot.sandbox.gitlab.pages import rendering
from bot.sandbox.gitlab.pages.site import NoSuchPage, Site

_SHOWN = 50


async def pipelines(site: Site, project: Project, text: str) -> Response:
    """All pipelines, or the one that is named."""
    if text:
        return await _pipeline(site, project, text)
    found = site.forge.store.pipelines.where(lambda each: each.project_id == project.id)
    rows = [await _row(site, project, run) for run in found[: -_SHOWN - 1 : -1]]
    live = any(run.status in ACTIVE for run in found)
    return site.project_page(
        "pipelines.html", project, "pipelines", "Pipelines", rows=rows, live=live
    )


async def _row(site: Site, project: Project, run: Pipeline) -> dict[str, Any]:
    commit = await site.forge.git(reading.commit, project, run.sha)
    return {
        "run": run,
        "title": commit.title,
        "user": site.forge.store.users[run.user_id],
        "took": _took(site, run),
        "jobs": site.jobs(run),
    }


def _took(site: Site, run: Pipeline) -> float | None:
    return seconds(run.started_at, run.finished_at or site.forge.now())


def _run(site: Site, project: Project, text: str) -> Pipeline:
    found = site.forge.store.pipelines.get(int(text)) if text.isdecimal() else None
    if found is None or found.project_id != project.id:
        raise NoSuchPage
    return found


async def _pipeline(site: Site, project: Project, text: str) -> Response:
    run = _run(site, project, text)
    commit = await site.forge.git(reading.commit, project, run.sha)
    jobs = site.jobs(run)
    stages = [(name, [job for job in jobs if job["stage"] == name]) for name in run.stages]
    return site.project_page(
        "pipeline.html",
        project,
        "pipelines",
        f"#{run.id}",
        run=run,
        title=commit.title,
        user=site.forge.store.users[run.user_id],
        run_took=_took(site, run),
        stages=stages,
        all_jobs=site.jobs(run, retried=True),
        live=run.status in ACTIVE,
    )


async def jobs(site: Site, project: Project, text: str, request: Request) -> Response:
    """All jobs; or one of them, with its log as page, as text, or from some byte on."""
    number, _, form = text.partition("/")
    if not number:
        found = site.forge.store.jobs.where(lambda each: each.project_id == project.id)
        shown = [site.job(each) for each in found[: -_SHOWN - 1 : -1]]
        live = any(each.status in ACTIVE for each in found)
        return site.project_page("jobs.html", project, "jobs", "Jobs", all_jobs=shown, live=live)
    job = site.forge.store.jobs.get(int(number)) if number.isdecimal() else None
    if job is None or job.project_id != project.id:
        raise NoSuchPage
    match form:
        case "":
            return _job(site, project, job)
        case "artifacts/download":
            return await _artifacts(site, job)
        case "raw":
            return PlainTextResponse(traces.read(site.forge, job.id))
        case "trace.json":
            return _more_log(site, job, request.query_params.get("offset", "0"))
    raise NoSuchPage


async def _artifacts(site: Site, job: Job) -> Response:
    found = await asyncio.to_thread(archives.archive, site.forge, job)
    if found is None:
        raise NoSuchPage
    return FileResponse(found, media_type="application/zip", filename=archives.NAME)


def _job(site: Site, project: Project, job: Job) -> Response:
    run = site.forge.store.pipelines[job.pipeline_id]
    complete = job.status not in ACTIVE
    raw = _whole_lines(traces.read(site.forge, job.id), complete=complete)
    return site.project_page(
        "job.html",
        project,
        "jobs",
        f"{job.name} (#{job.id})",
        job=site.job(job),
        run=run,
        user=site.forge.store.users[job.user_id],
        has_artifacts=archives.archive(site.forge, job) is not None,
        siblings=site.jobs(run),
        log=rendering.log(raw),
        offset=len(raw),
        complete=complete,
        live=not complete,
    )


def _more_log(site: Site, job: Job, offset: str) -> Response:
    start = int(offset) if offset.isdecimal() else 0
    complete = job.status not in ACTIVE
    raw = _whole_lines(traces.read(site.forge, job.id, start), complete=complete)
    shown = {"html": rendering.log(raw), "offset": start + len(raw), "complete": complete}
    return JSONResponse(shown)


def _whole_lines(raw: bytes, *, complete: bool) -> bytes:
    """Up to the last line end, so that no colour or letter is cut in two."""
    return raw if complete else raw[: raw.rfind(b"\n") + 1]


async def environments(site: Site, project: Project, _: str) -> Response:
    """Where jobs deploy to, each with its newest deployment."""
    store = site.forge.store
    newest = {each.environment_id: each for each in store.deployments.where()}
    shown = [
        {
            "environment": each,
            "deployment": newest.get(each.id),
        }
        for each in store.environments.where(lambda each: each.project_id == project.id)
    ]
    live = any(deployment.status in ACTIVE for deployment in newest.values())
    return site.project_page(
        "environments.html", project, "environments", "Environments", found=shown, live=live
    )
