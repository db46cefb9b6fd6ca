"""What to do next with a job: pure decisions, from its records and the time."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.causes.known import recognise
from bot.domain.errors import NotYet, PermanentError, TemporaryError
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.pipeline.course import Course
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.step import Step
from bot.pipeline.undoing import way_back

SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=30)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=2)

NO_TROUBLE: Mapping[str, Any] = {"reason": "", "cause": "", "fix": "", "fields": ()}
"""How the record of a step looks that neither waits nor has failed."""

_STOPPERS = {StepState.FAILED, StepState.DECLINED}

Random = Callable[[float, float], float]
"""A number between two others, as `random.uniform` gives it."""


def ready_steps(
    course: Course, job: Job, *, now: datetime, woken: Collection[str], running: Collection[str]
) -> tuple[Step[Any], ...]:
    """The steps that can run now: their facts are there, and they need not wait any longer.

    Args:
        course: the steps that the job runs now.
        job: the job as it stands.
        now: the time.
        woken: steps whose wait may be over because something reached the job since they last looked.
        running: steps that this worker is running already.
    """
    if any(job.step(step.name).state in _STOPPERS for step in course.steps):
        return ()
    return tuple(
        step
        for step in course.steps
        if step.name not in running
        and _may_run(job.step(step.name), now=now, woken=step.name in woken)
        and _has_its_turn(course, job, step)
    )


def _has_its_turn(course: Course, job: Job, step: Step[Any]) -> bool:
    return all(job.step(n).state is StepState.DONE for n in course.dependencies[step.name])


def _may_run(record: StepRecord, *, now: datetime, woken: bool) -> bool:
    match record.state:
        case StepState.PENDING | StepState.RUNNING:
            return True
        case StepState.WAITING:
            return woken or record.look_at is None or record.look_at <= now
        case StepState.RETRYING:
            return record.look_at is None or record.look_at <= now
        case StepState.DONE | StepState.FAILED | StepState.DECLINED:
            return False


def standing(pipeline: Pipeline, job: Job) -> JobState:
    """The state that the steps' records amount to."""
    if job.goes_back:
        return _standing_on_the_way_back(way_back(pipeline, job), job)
    states = {step.name: job.step(step.name).state for step in pipeline.steps}
    if all(state is StepState.DONE for state in states.values()):
        return JobState.DONE
    if StepState.DECLINED in states.values():
        return JobState.CANCELLED
    if StepState.FAILED in states.values():
        return JobState.FAILED
    if states[pipeline.approval_step] is StepState.WAITING:
        return JobState.WAITING_APPROVAL
    pauses = {StepState.WAITING, StepState.RETRYING}
    return JobState.WAITING if pauses & set(states.values()) else JobState.RUNNING


def _standing_on_the_way_back(course: Course, job: Job) -> JobState:
    states = {job.step(step.name).state for step in course.steps}
    if StepState.FAILED in states:
        return JobState.FAILED
    if not job.undo_by:
        return (
            JobState.RUNNING
        )  # it goes on with other answers as soon as nothing stands in their way
    return JobState.UNDONE if states <= {StepState.DONE} else JobState.UNDOING


def ending(job: Job) -> str:
    """Why the job ended without being done, for one that was cancelled, declined or undone."""
    if job.undo_by:
        return f"Undone, as {job.undo_by} asked."
    declined = (r.reason for r in job.steps.values() if r.state is StepState.DECLINED)
    return next(declined, f"Cancelled by {job.cancelled_by}." if job.cancelled_by else "")


def next_look(course: Course, job: Job, *, now: datetime) -> datetime:
    """When the earliest pause ends of the steps that can run then.

    Others may have been left in a pause that is long over: those of the way on while the way back is gone, and those
    that have to wait until the plan is made again.
    """
    looks = [
        look_at
        for step in course.steps
        if (look_at := job.step(step.name).look_at) and _has_its_turn(course, job, step)
    ]
    return min(looks, default=now)


def after_not_yet(
    record: StepRecord, step: Step[Any], error: NotYet, *, now: datetime
) -> StepRecord:
    """Wait on, for a time that grows with the time waited, or fail when the step's patience has run out."""
    since = record.waiting_since or now
    waited = now - since
    if waited >= step.patience:
        over = PermanentError(
            f"After {in_words(step.patience)} it was still waiting for {error.why}.",
            "Look at what it waits for, then press Retry.",
        )
        return after_permanent(record, step, over, now=now)
    pause = error.look_again_in or min(max(waited / 5, SHORTEST_WAIT), LONGEST_WAIT)
    return record.evolve(
        state=StepState.WAITING,
        attempts=0,
        waiting_since=since,
        look_at=now + pause,
        **_trouble(step, error.why),
    )


def after_temporary(
    record: StepRecord, step: Step[Any], error: TemporaryError, *, now: datetime, random: Random
) -> StepRecord:
    """Try again after a random pause below a bound that doubles (full jitter).

    Fail when the tries are used up, or the step's patience. A `Retry-After` of the other side is the least that is
    waited, but for the last try: that one comes when patience ends.
    """
    since = record.waiting_since or now
    left = step.patience - (now - since)
    if over := _used_up(record, step, left):
        given_up = PermanentError(
            f"{error.cause} {over}", "Wait until the other side is well again, then press Retry."
        )
        return after_permanent(record, step, given_up, now=now)
    bound = min(FIRST_PAUSE * 2**record.attempts, LONGEST_PAUSE)
    pause = timedelta(seconds=random(0, bound.total_seconds())) + (error.retry_after or timedelta())
    return record.evolve(
        state=StepState.RETRYING,
        waiting_since=since,
        look_at=now + min(pause, left),
        **_trouble(step, error.cause),
    )


def _used_up(record: StepRecord, step: Step[Any], left: timedelta) -> str:
    if record.attempts >= step.tries:
        return f"That happened {record.attempts} times in a row."
    if left <= timedelta():
        return f"The {in_words(step.patience)} that this step may take are over."
    return ""


def after_permanent(
    record: StepRecord, step: Step[Any], error: PermanentError, *, now: datetime
) -> StepRecord:
    """Fail. What is known of the cause goes before what the error itself advises."""
    trouble = _trouble(step, error.cause, fix=error.fix, fields=error.fields)
    return record.evolve(state=StepState.FAILED, finished_at=now, look_at=None, **trouble)


def _trouble(
    step: Step[Any], reason: str, *, fix: str = "", fields: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """What is written down of a wait or a failure, with what is known about it."""
    known = recognise(step.name, reason)
    if known is None:
        return {"reason": reason, "cause": "", "fix": fix, "fields": fields}
    return {
        "reason": reason,
        "cause": known.name,
        "fix": known.fix,
        "fields": fields or known.fields,
    }


def in_words(span: timedelta) -> str:
    """A span of some minutes or hours, for people."""
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"  # noqa: PLR2004 two hours and more read better as hours
