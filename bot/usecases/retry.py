"""Run a failed job again from the step that failed."""

from bot.domain.entities import Person
from bot.domain.errors import RequestRejected
from bot.domain.job import Job, JobState
from bot.pipeline.pipelines import PIPELINES
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, room, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer


async def retry(job_id: str, *, person: Person, ports: Ports) -> Reply:
    """Set the failed steps back; what is done stays done.

    Whether it may go ahead is looked at again before: the requester may have left a team since, or a template changed.
    """
    reply = await _retry(job_id, person=person, ports=ports)
    return await refusals.noted(reply, what="retry", job_id=job_id, person=person, ports=ports)


async def _retry(job_id: str, *, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_steer(person, job, ports.platform):
        return Reply(accepted=False, text=why_not)
    try:
        answer = await _set_back(job, person, ports)
    except RequestRejected as refused:
        return Reply(accepted=False, text=str(refused))
    if answer is not Answer.ACCEPTED:
        return Reply(accepted=False, text="There is nothing to retry: the job has not failed.")
    await taking_in.wake(job_id, ports=ports)
    return Reply(accepted=True, text=f"“{job.request.name}” goes on from the step that failed.")


async def _set_back(job: Job, person: Person, ports: Ports) -> Answer:
    """What takes back what was made needs no room: it makes some."""
    if job.state is not JobState.FAILED:
        return Answer.TOO_LATE
    if job.state_after_retry is JobState.UNDOING:
        with taking_in.storing():
            return await ports.jobs.retry(job.id, by=person, at=ports.clock())
    gate = PIPELINES[job.request.kind].approval_step
    async with room.for_another_try(job.request, job_id=job.id, by=person, ports=ports):
        with taking_in.storing():
            return await ports.jobs.retry(job.id, by=person, at=ports.clock(), also=gate)
