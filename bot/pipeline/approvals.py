"""What a job's plan says about approval, and how far it has come."""

from datetime import datetime, timedelta

from bot.domain import approval
from bot.domain.approval import ApprovalTerms, Standing
from bot.domain.job import Job, StepState
from bot.pipeline.pipelines import PIPELINES

_A_MOMENT = timedelta(microseconds=1)


def terms_of(job: Job) -> ApprovalTerms | None:
    """Why and from whom approval is needed; None while there is no plan, or when none is needed."""
    plan = PIPELINES[job.request.kind].steps[0]
    record = job.step(plan.name)
    if record.state is not StepState.DONE:
        return None
    terms: ApprovalTerms | None = plan.fact.model_validate(record.fact).approval
    return terms


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
    seen = look_at - _A_MOMENT if look_at else job.created_at
    return approval.standing(terms, job.decisions, now=now or seen)
