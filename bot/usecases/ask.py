"""Take a submitted form in: check everything that can be checked now, and store a job."""

import base64
import hashlib

from bot.domain.errors import PermanentError, RequestRejected
from bot.domain.job import Job, JobState
from bot.domain.request import AppRequest, SystemRequest
from bot.ports.bundle import Ports
from bot.usecases import check_app, check_system, names, refusals, room, taking_in
from bot.usecases.draft import draft
from bot.usecases.submission import Submission

ID_LENGTH = 8


async def ask(submission: Submission, *, ports: Ports) -> Job:
    """Store the job and have it looked at; the same submission again returns the job that it made.

    Raises:
        RequestRejected: with a sentence for every field at fault; nothing was made.
        PermanentError: the template is not there, or not in order.
        TemporaryError: a system that has to be asked does not answer; nothing was made.
        MaybeDone: the job may be stored; the same submission again finds it then.
    """
    try:
        return await _take_in(submission, ports)
    except (RequestRejected, PermanentError) as refused:
        asker, template = submission.requester, submission.template
        await refusals.note("asked", str(refused), person=asker, subject=template, ports=ports)
        raise


async def _take_in(submission: Submission, ports: Ports) -> Job:
    job_id = job_id_of(submission)
    request = draft(submission, ports.templates.get(submission.template))
    if made := await ports.jobs.load(job_id):
        return _unless_changed(made, request)
    if freeze := await ports.jobs.frozen():
        raise RequestRejected({"": freeze.told})
    async with room.for_new(request, job_id=job_id, ports=ports):
        await _refuse_problems(request, ports)
        await names.hold(request, job_id=job_id, ports=ports)
        job = Job(
            id=job_id,
            request=request,
            channel=submission.channel,
            state=JobState.RUNNING,
            created_at=ports.clock(),
        )
        with taking_in.storing():
            await ports.jobs.create(job)
    await taking_in.wake(job.id, ports=ports)
    return job


def _unless_changed(made: Job, request: AppRequest | SystemRequest) -> Job:
    """The first press may have been taken in although its answer came too late for Slack."""
    if made.request.parameters == request.parameters:
        return made
    raise RequestRejected(
        {"name": f"Your first press was taken in as job {made.id}, as it was; close this form."}
    )


def job_id_of(submission: Submission) -> str:
    """The job's id follows from the form's, so that a second press of Submit finds the first one's job."""
    digest = hashlib.sha256(submission.id.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:ID_LENGTH]


async def _refuse_problems(request: AppRequest | SystemRequest, ports: Ports) -> None:
    if isinstance(request, AppRequest):
        problems = await check_app.problems_of(request, ports)
    else:
        problems = await check_system.problems_of(request, ports)
    if problems:
        raise RequestRejected(problems)
