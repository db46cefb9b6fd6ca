"""What a job's plan says about approval, and how far it has come."""

from datetime import datetime, timedelta

from bot.domain import approval
from bot.domain.approval import ApprovalTerms, Standing
from bot.domain.job import Job, StepState
from bot.pipeline.facts import Plan
from bot.pipeline.pipelines import PIPELINES

_A_MOMENT = timedelta(microseconds=1)


def terms_of(job: Job) -> ApprovalTerms | None:
    """Why and from whom approval is needed; None while there is no plan, or when none is needed."""
    plan = _plan_of(job)
    return plan.approval if plan else None


def digest_of_plan(job: Job) -> str:
    """What those who decide now decide about; empty while there is no plan."""
    plan = _plan_of(job)
    return plan.digest if plan else ""


def _plan_of(job: Job) -> Plan | None:
    step = PIPELINES[job.request.kind].plan_step
    record = job.step(step.name)
    if record.state is not StepState.DONE:
        return None
    plan: Plan = step.fact.model_validate(record.fact)
    return plan


def is_undecided(job: Job) -> bool:
    """Whether somebody is asked to approve, and nobody has answered for good."""
    step = PIPELINES[job.request.kind].approval_step
    waits = job.step(step).state is StepState.WAITING and not job.state.is_end
    return waits and not job.decision and job.can_be_cancelled


def standing_of(job: Job, *, now: datetime | None = None) -> Standing | None:
    """Whom the job's approval waits for; None where it needs none.

    Without a time it is as the step saw it last: the step looks again at the very moment at which time alone changes
    something, so what is drawn from the job needs no clock.
    """
    terms = terms_of(job)
    if not terms:
        return None
    step = PIPELINES[job.request.kind].approval_step
    look_at = job.step(step).look_at
    if look_at:
        seen = approval.awaited_moment(terms, look_at=look_at) - _A_MOMENT
    else:
        seen = job.created_at
    return approval.standing(terms, job.decisions, now=now or seen)
