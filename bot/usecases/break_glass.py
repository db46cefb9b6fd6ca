"""Let a request go ahead without the approval that it waits for, in an emergency."""

from datetime import datetime

from bot.domain.approval import Decision, Verdict, is_expired
from bot.domain.break_glass import why_not_break_glass
from bot.domain.entities import Person
from bot.domain.job import Job
from bot.pipeline.approvals import digest_of_plan, terms_of
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.decide import CHANGED, expired, too_late
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known

WHAT = Verdict.BREAK_GLASS


def why_not(job: Job, person: Person, *, at: datetime, plan: str = "") -> str | None:
    """Why this person, who was shown a plan, may not break the glass at that time; None when they may."""
    terms = terms_of(job)
    if not terms or job.decision or not job.can_be_cancelled:
        return too_late(job)
    if is_expired(terms, now=at):
        return expired(terms)
    if refused := why_not_break_glass(person, terms):
        return refused
    return None if digest_of_plan(job).startswith(plan) else CHANGED


async def break_glass(
    job_id: str, *, person: Person, reason: str, ports: Ports, plan: str = ""
) -> Reply:
    """Record that this person takes it upon themselves, and why; others are to review it afterwards.

    Args:
        job_id: what goes ahead.
        person: who answers for it.
        reason: why it cannot wait; required.
        ports: where it is recorded, and the time.
        plan: how the digest of the plan begins that they were shown; empty where they were shown none.
    """
    reply = await _break_glass(job_id, person, reason.strip(), plan, ports)
    return await refusals.noted(reply, what=WHAT, job_id=job_id, person=person, ports=ports)


async def _break_glass(job_id: str, person: Person, reason: str, plan: str, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    at = ports.clock()
    if refused := why_not(job, person, at=at, plan=plan):
        return Reply(accepted=False, text=refused)
    if not reason:
        told = "Say why it cannot wait: everybody concerned reads this."
        return Reply(accepted=False, text=told)
    decision = _decision(job, person, reason, at=at)

    def settles(found: Job) -> bool | None:
        return None if why_not(found, person, at=at, plan=decision.plan) else True

    with taking_in.storing():
        answer = await ports.jobs.decide(job_id, decision, settles=settles)
    if answer is not Answer.ACCEPTED:
        job = await ports.jobs.load(job_id) or job
        refused = why_not(job, person, at=at, plan=decision.plan)
        return Reply(accepted=False, text=refused or too_late(job))
    await taking_in.wake(job_id, ports=ports)
    return Reply(
        accepted=True,
        text=f"You broke the glass: “{job.request.name}” goes ahead without approval. All who "
        "would have been asked are told, and somebody else reviews it.",
    )


def _decision(job: Job, person: Person, reason: str, *, at: datetime) -> Decision:
    terms = terms_of(job)
    glass = terms.break_glass if terms else None
    plan = digest_of_plan(job)
    return Decision(verdict=WHAT, by=person, at=at, reason=reason, plan=plan, glass=glass)
