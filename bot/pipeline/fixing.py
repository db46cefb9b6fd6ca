"""Going on with other answers: what of the work done so far they leave as it is, change in place, or take back."""

from collections.abc import Mapping

from pydantic import JsonValue

from bot.domain.effect import NOTHING, changed_parts
from bot.domain.entities import Person
from bot.domain.job import UNDO, Fix, Job, StepRecord, StepState
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.facts import Plan
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.undoing import way_back


def fix_of(
    pipeline: Pipeline,
    job: Job,
    *,
    request: AppRequest | SystemRequest,
    plan: Plan,
    by: Person,
) -> Fix:
    """Hold the new plan against the one that the steps worked from.

    What would stand elsewhere is taken back. What stands where it would, but would be something else, is changed there.
    Steps after either, and those that failed, run again; they look first, so they find what is still right.

    Args:
        pipeline: the job's steps.
        job: the job, which has failed.
        request: what is asked for now.
        plan: what that amounts to.
        by: who says so.
    """
    before = planned(pipeline, job)
    old = before.effects if before else {}
    begun = {step.name for step in pipeline.steps if job.step(step.name).started_at}
    differs = {n for n in begun if old.get(n, NOTHING) != plan.effects.get(n, NOTHING)}
    moved = {n for n in differs if old.get(n, NOTHING).place != plan.effects.get(n, NOTHING).place}
    has_way_back = {undo.takes_back for undo in pipeline.undos}
    again = {n for n in begun if _is_touched(pipeline, job, n, differs)}
    return Fix(
        request=request,
        taken_back=_in_order(pipeline, moved & has_way_back),
        begun_anew=_in_order(pipeline, again),
        amended={n: changed_parts(old[n], plan.effects[n]) for n in sorted(differs - moved)},
        by=by,
        changed=_changed_answers(job.request.parameters, request.parameters),
    )


def _changed_answers(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "; ".join(f"{n}: {after.get(n, '')} instead of {before.get(n, '')}" for n in names)


def _is_touched(pipeline: Pipeline, job: Job, step: str, differs: set[str]) -> bool:
    """Whether a step that has begun must run again: planning and approval always look at what is asked for."""
    if step in {pipeline.plan_step.name, pipeline.approval_step} | differs:
        return True
    is_after = any(pipeline.precedes(other, step) for other in differs)
    return is_after or job.step(step).state is not StepState.DONE


def _in_order(pipeline: Pipeline, names: set[str]) -> tuple[str, ...]:
    return tuple(step.name for step in pipeline.steps if step.name in names)


def planned(pipeline: Pipeline, job: Job) -> Plan | None:
    """The last plan that was made, also while another one is being made; None before the first."""
    fact = job.step(pipeline.plan_step.name).fact
    if fact is None:
        return None
    plan: Plan = pipeline.plan_step.fact.model_validate(fact)
    return plan


def is_taken_back(pipeline: Pipeline, job: Job) -> bool:
    """Whether nothing stands in the way of what the job's fix asks for any more."""
    return bool(job.fix) and all(
        job.step(undo.name).state is StepState.DONE for undo in way_back(pipeline, job).steps
    )


def records_after(pipeline: Pipeline, job: Job) -> Mapping[str, StepRecord]:
    """The records with which the job goes on once all that no longer fits is taken back.

    The plan is kept beside its step until there is another: decisions are held against both. A step that made
    something which stands is remembered to have begun, so that an undo finds it.
    """
    if not job.fix:
        return {}
    records = {name: _again(job.step(name)) for name in job.fix.begun_anew}
    plan = pipeline.plan_step.name
    records[plan] = records[plan].evolve(fact=job.step(plan).fact)
    records[pipeline.approval_step] = StepRecord()
    for name in job.fix.taken_back:
        records[name] = StepRecord()
        records[f"{UNDO}{name}"] = StepRecord()
    return records


def _again(record: StepRecord) -> StepRecord:
    return StepRecord(started_at=record.started_at)
