"""Take a decision on a request that needs approval."""

from bot.domain.approval import (
    ApprovalTerms,
    Decision,
    Verdict,
    is_expired,
    named,
    refusal,
    standing,
)
from bot.domain.entities import Person
from bot.domain.errors import TemporaryError
from bot.domain.job import Job
from bot.pipeline.approvals import digest_of_plan, standing_of, terms_of
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known

CHANGED = "What would be made has changed meanwhile: look at the card, and press again there."


async def decide(
    job_id: str,
    *,
    person: Person,
    verdict: Verdict,
    reason: str,
    ports: Ports,
    plan: str = "",
) -> Reply:
    """Record the decision if this person may take it and nobody was faster.

    Args:
        job_id: what is decided.
        person: who decides.
        verdict: approved or denied; the glass is broken elsewhere.
        reason: required of a denial; an optional note to an approval.
        ports: where the job is, and the time.
        plan: how the digest of the plan begins that they were shown; empty where they were shown none.
    """
    decision = Decision(
        verdict=verdict, by=person, at=ports.clock(), reason=reason.strip(), plan=plan
    )
    reply = await _decide(job_id, decision, ports)
    return await refusals.noted(reply, what=verdict, job_id=job_id, person=person, ports=ports)


async def _decide(job_id: str, decision: Decision, ports: Ports) -> Reply:
    job = await known(job_id, person=decision.by, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := _why_not(job, decision):
        return Reply(accepted=False, text=why_not)
    told = decision.model_copy(update={"plan": digest_of_plan(job)})
    with taking_in.storing():
        answer = await ports.jobs.decide(job_id, told, settles=lambda now: _settles(now, told))
    match answer:
        case Answer.ACCEPTED:
            await taking_in.wake(job_id, ports=ports)
            return Reply(accepted=True, text=await _thanks(job, decision, ports))
        case Answer.TOO_LATE:
            job = await ports.jobs.load(job_id) or job
            return Reply(accepted=False, text=_why_not(job, decision) or too_late(job))
        case Answer.UNKNOWN_JOB:
            return NO_SUCH_JOB


def _why_not(job: Job, decision: Decision) -> str | None:
    terms, waits_for = terms_of(job), standing_of(job, now=decision.at)
    if terms is None or waits_for is None or _is_over(job):
        return too_late(job)
    if is_expired(terms, now=decision.at):
        return expired(terms)
    why_not = refusal(decision.by, authors=job.authors, standing=waits_for, decisions=job.decisions)
    if why_not:
        return why_not
    if not digest_of_plan(job).startswith(decision.plan):
        return CHANGED
    if decision.verdict is Verdict.DENIED and not decision.reason:
        return "Say why, so that the requester knows what to change."
    return None


def _settles(job: Job, decision: Decision) -> bool | None:
    """Whether the decision is the last one needed; None where it may not be given any more."""
    terms = terms_of(job)
    if terms is None or _why_not(job, decision):
        return None
    return standing(terms, (*job.decisions, decision), now=decision.at).settled is not None


async def _thanks(job: Job, decision: Decision, ports: Ports) -> str:
    """That it was taken, and who else has to decide, if the store still answers."""
    said = f"You {decision.verdict} “{job.request.name}”."
    try:
        now = await ports.jobs.load(job.id)
    except TemporaryError:
        return said
    waits_for = standing_of(now, now=decision.at) if now else None
    if not now or now.decision or not waits_for:
        return said
    return f"{said} It waits for {waits_for.missing} more of {named(waits_for.approvers)}."


def _is_over(job: Job) -> bool:
    return job.decision is not None or job.state.is_end or job.is_stopping


def expired(terms: ApprovalTerms) -> str:
    """What somebody is told who comes after the time allowed, also where no worker has ended the job yet."""
    return (
        f"The time to decide was over at {terms.expires_at:%Y-%m-%d %H:%M %Z}, so the request has expired. "
        "Whoever needs it asks anew."
    )


def too_late(job: Job) -> str:
    """Why nobody can decide on the job any more."""
    if job.decision and job.decision.verdict is Verdict.BREAK_GLASS:
        return f"{job.decision.by.name} broke the glass already, so this went ahead."
    if job.decision:
        return f"{job.decision.by.name} has {job.decision.verdict} this already."
    if job.state.is_end:
        return f"This job has ended: {job.ending or job.state}"
    if job.is_stopping:
        return f"This job is being stopped, as {job.cancelled_by} asked."
    return "This job does not wait for a decision."
