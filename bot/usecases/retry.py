"""Run a failed job again from the step that failed."""

from bot.domain.entities import Person
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer


async def retry(job_id: str, *, person: Person, ports: Ports) -> Reply:
    """Set the failed steps back; what is done stays done."""
    reply = await _retry(job_id, person=person, ports=ports)
    return await refusals.noted(reply, what="retry", job_id=job_id, person=person, ports=ports)


async def _retry(job_id: str, *, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_steer(person, job, ports.platform):
        return Reply(accepted=False, text=why_not)
    answer = await ports.jobs.retry(job_id, by=person, at=ports.clock())
    if answer is not Answer.ACCEPTED:
        return Reply(accepted=False, text="There is nothing to retry: the job has not failed.")
    await ports.scheduler.nudge(job_id)
    return Reply(accepted=True, text=f"“{job.request.name}” goes on from the step that failed.")
