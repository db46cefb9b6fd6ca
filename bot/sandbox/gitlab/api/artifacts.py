"""What jobs have left behind: as an archive, or file by file."""

import asyncio
import shutil
from pathlib import Path

from starlette.responses import FileResponse, Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, nothing
from bot.sandbox.gitlab.api.jobs import one
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import archives, pipelines
from bot.sandbox.gitlab.model import Job, Level


async def download(call: Call) -> Response:
    """All files of a job."""
    return await _archive(call, one(call))


async def download_latest(call: Call) -> Response:
    """All files of the job of that name in the newest successful pipeline of a branch or tag."""
    return await _archive(call, _latest(call))


async def _archive(call: Call, job: Job) -> Response:
    found = await asyncio.to_thread(archives.archive, call.forge, job)
    if found is None:
        raise errors.not_found()
    return FileResponse(found, media_type="application/zip", filename=archives.NAME)


async def file(call: Call) -> Response:
    """One file of a job."""
    return _file(call, one(call))


async def file_of_latest(call: Call) -> Response:
    """One file of the job of that name in the newest successful pipeline of a branch or tag."""
    return _file(call, _latest(call))


def _file(call: Call, job: Job) -> Response:
    found = archives.file(call.forge, job, call.part("artifact_path"))
    if found is None:
        raise errors.not_found()
    return _download(found)


def _download(path: Path) -> Response:
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


def _latest(call: Call) -> Job:
    project = call.code()
    ref, name = call.part("ref_name"), call.params.needed_text("job")
    runs = call.forge.store.pipelines.where(
        lambda each: each.project_id == project.id and each.ref == ref and each.status == "success"
    )
    for run in reversed(runs):
        for job in pipelines.jobs_of(call.forge, run.id):
            if job.name == name:
                return job
    raise errors.not_found()


async def delete(call: Call) -> Response:
    """Forget what a job has left."""
    job = one(call, Level.MAINTAINER)
    await asyncio.to_thread(shutil.rmtree, archives.folder(call.forge, job), ignore_errors=True)
    return nothing()


_OF_JOB = "/projects/{id}/jobs/{job_id}/artifacts"
_OF_REF = "/projects/{id}/jobs/artifacts/{ref_name}"
ROUTES = (
    Route("GET", f"{_OF_REF}/download", download_latest, job_token=True),
    Route("GET", f"{_OF_REF}/raw/{{*artifact_path}}", file_of_latest, job_token=True),
    Route("GET", _OF_JOB, download, job_token=True),
    Route("DELETE", _OF_JOB, delete),
    Route("GET", f"{_OF_JOB}/{{*artifact_path}}", file, job_token=True),
)
