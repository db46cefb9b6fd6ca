"""Stop a job at the next safe point."""

from bot.domain.entities import Person
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer


async def cancel(job_id: str, *, person: Person, ports: Ports) -> Reply:
    """Ask the job to begin no further step; what it has made so far stays and is named."""
    reply = await _cancel(job_id, person=person, ports=ports)
    return await refusals.noted(reply, what="cancel", job_id=job_id, person=person, ports=ports)


async def _cancel(job_id: str, *, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_steer(person, job, ports.platform):
        return Reply(accepted=False, text=why_not)
    with taking_in.storing():
        answer = await ports.jobs.cancel(job_id, by=person, at=ports.clock())
    if answer is not Answer.ACCEPTED:
        return Reply(accepted=False, text="The job has ended already, or is being cancelled.")
    await taking_in.wake(job_id, ports=ports)
    return Reply(accepted=True, text=f"“{job.request.name}” stops at the next safe point.")
