"""Take a decision on a request that needs approval."""

from bot.domain.approval import ApprovalTerms, Decision, Verdict, refusal
from bot.domain.entities import Person
from bot.domain.job import Job
from bot.pipeline.pipelines import PIPELINES
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases.reply import Reply

NO_SUCH_JOB = Reply(accepted=False, text="That job is not known any more.")


async def decide(
    job_id: str, *, person: Person, verdict: Verdict, reason: str, ports: Ports
) -> Reply:
    """Record the decision if this person may take it and nobody was faster."""
    job = await ports.jobs.load(job_id)
    if not job:
        return NO_SUCH_JOB
    if why_not := _why_not(job, person, verdict, reason):
        return Reply(accepted=False, text=why_not)
    decision = Decision(verdict=verdict, by=person, at=ports.clock(), reason=reason.strip())
    match await ports.jobs.decide(job_id, decision):
        case Answer.ACCEPTED:
            await ports.scheduler.nudge(job_id)
            return Reply(accepted=True, text=f"You {verdict} “{job.request.name}”.")
        case Answer.TOO_LATE:
            return Reply(accepted=False, text=_too_late(await ports.jobs.load(job_id) or job))
        case Answer.UNKNOWN_JOB:
            return NO_SUCH_JOB


def _why_not(job: Job, person: Person, verdict: Verdict, reason: str) -> str | None:
    terms = terms_of(job)
    if terms is None or _is_over(job):
        return _too_late(job)
    if why_not := refusal(person, requester=job.request.requester, terms=terms):
        return why_not
    if verdict is Verdict.DENIED and not reason.strip():
        return "Say why, so that the requester knows what to change."
    return None


def terms_of(job: Job) -> ApprovalTerms | None:
    """What the job's plan says about approval; None while there is no plan, or when none is needed."""
    pipeline = PIPELINES[job.request.kind]
    plan = pipeline.steps[0]
    fact = job.step(plan.name).fact
    return plan.fact.model_validate(fact).approval if fact else None


def _is_over(job: Job) -> bool:
    return job.decision is not None or job.state.is_end


def _too_late(job: Job) -> str:
    if job.decision:
        return f"{job.decision.by.name} has {job.decision.verdict} this already."
    if job.state.is_end:
        return f"This job has ended: {job.ending or job.state}"
    return "This job does not wait for a decision."
