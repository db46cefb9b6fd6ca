"""Whether those who agreed to a plan have agreed to the one that takes its place."""

from collections.abc import Collection
from datetime import datetime

from bot.domain.approval import Voiding, is_asked_otherwise
from bot.domain.job import Fix, Job, StepRecord, StepState
from bot.pipeline.blueprint import changes
from bot.pipeline.facts import Plan
from bot.pipeline.fixing import planned
from bot.pipeline.pipeline import Pipeline

ASKED_OTHERWISE = "Who has to agree has changed."


def voided_by(pipeline: Pipeline, job: Job, after: StepRecord, *, now: datetime) -> Voiding | None:
    """The decisions that a new plan takes the ground from; None where there are none, or where it does the same.

    Args:
        pipeline: the job's steps.
        job: the job with the plan that decisions were given to.
        after: the plan step's record with the new plan.
        now: the time.
    """
    plan: Plan = pipeline.plan_step.fact.model_validate(after.fact)
    done = {step for step, record in job.steps.items() if record.state is StepState.DONE}
    changed = _changed(pipeline, job, plan, stands=done)
    return Voiding(decisions=job.decisions, changed=changed, at=now) if changed else None


def would_void(pipeline: Pipeline, job: Job, fix: Fix, plan: Plan) -> tuple[str, ...]:
    """What would have changed for those who agreed, once a fix is made; empty where they need not be asked again."""
    done = {step for step, record in job.steps.items() if record.state is StepState.DONE}
    return _changed(pipeline, job, plan, stands=done - {*fix.begun_anew, *fix.taken_back})


def _changed(
    pipeline: Pipeline, job: Job, plan: Plan, *, stands: Collection[str]
) -> tuple[str, ...]:
    """What stands makes no difference: it was agreed to as it was made, and nobody makes it again."""
    before = planned(pipeline, job)
    if not before or not job.decisions:
        return ()
    titles = {step.name: step.title for step in pipeline.steps}
    old, new = (
        {step: effect for step, effect in each.effects.items() if step not in stands}
        for each in (before, plan)
    )
    changed = changes(old, new, titles)
    if is_asked_otherwise(before.approval, plan.approval):
        return (*changed, ASKED_OTHERWISE)
    return changed
