"""Take in that somebody has looked at a broken glass."""

from bot.domain.break_glass import Review, why_not_review
from bot.domain.entities import Person
from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known

WHAT = "review"


def why_not(job: Job, person: Person) -> str | None:
    """Why this person may not review the job's broken glass now; None when they may."""
    if broken := job.unreviewed_glass:
        return why_not_review(person, authors=job.authors, broken=broken)
    return f"{job.review.by.name} has reviewed this already." if job.review else _NOTHING


async def review(job_id: str, *, person: Person, remark: str, ports: Ports) -> Reply:
    """Record the review if this person may give it and nobody was faster."""
    given = Review(by=person, at=ports.clock(), remark=remark.strip())
    reply = await _review(job_id, given, ports)
    return await refusals.noted(reply, what=WHAT, job_id=job_id, person=person, ports=ports)


async def _review(job_id: str, given: Review, ports: Ports) -> Reply:
    job = await known(job_id, person=given.by, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if refused := why_not(job, given.by):
        return Reply(accepted=False, text=refused)
    with taking_in.storing():
        answer = await ports.jobs.review(job_id, given)
    if answer is not Answer.ACCEPTED:
        job = await ports.jobs.load(job_id) or job
        return Reply(accepted=False, text=why_not(job, given.by) or _NOTHING)
    await taking_in.wake(job_id, ports=ports)
    return Reply(accepted=True, text=f"You reviewed the broken glass of “{job.request.name}”.")


_NOTHING = "No glass was broken for this that somebody has to review."
