"""Decide whether a job may start, has to wait, or will not run at all."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.sandbox.runner.host import FINAL, JobState
from bot.sandbox.runner.plan import JobPlan, PipelinePlan, When


class Move(enum.Enum):
    """What happens to a job that was not started yet."""

    WAIT = enum.auto()
    START = enum.auto()
    SKIP = enum.auto()
    REST = enum.auto()


class Course(enum.Enum):
    """How the jobs before another one went, taken together."""

    OPEN = enum.auto()
    SUCCEEDED = enum.auto()
    FAILED = enum.auto()
    STOPPED = enum.auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a job stands; a forgiven failure is one that the job allows."""

    state: JobState = JobState.CREATED
    is_forgiven: bool = False


def next_move(
    job: JobPlan, plan: PipelinePlan, standings: Mapping[str, Standing], *, is_played: bool
) -> Move:
    """Judge a created job by the jobs that it needs, or by the stages before its own."""
    course = _course(job, plan, standings)
    if course is Course.OPEN:
        return Move.WAIT
    match job.when:
        case When.ON_SUCCESS:
            return Move.START if course is Course.SUCCEEDED else Move.SKIP
        case When.ON_FAILURE:
            return Move.START if course is Course.FAILED else Move.SKIP
        case When.ALWAYS:
            return Move.SKIP if course is Course.STOPPED else Move.START
        case When.MANUAL:
            if course is not Course.SUCCEEDED:
                return Move.SKIP
            return Move.START if is_played else Move.REST
    assert_never(job.when)


def _course(job: JobPlan, plan: PipelinePlan, standings: Mapping[str, Standing]) -> Course:
    by_name = {one.name: one for one in plan.jobs}
    if job.needs is not None:
        before = [by_name[need.job] for need in job.needs if need.job in by_name]
        return _taken_together(before, standings, optional_rest=False)
    earlier = set(plan.stages[: plan.stages.index(job.stage)])
    before = [one for one in plan.jobs if one.stage in earlier]
    return _taken_together(before, standings, optional_rest=True)


def _taken_together(
    before: Sequence[JobPlan], standings: Mapping[str, Standing], *, optional_rest: bool
) -> Course:
    """Stages pass by optional manual jobs and skipped ones; a job that names what it needs does not."""
    states: set[JobState] = set()
    for job in before:
        standing = standings[job.name]
        if standing.state is JobState.MANUAL and job.allow_failure and optional_rest:
            continue
        states.add(JobState.SUCCESS if standing.is_forgiven else standing.state)
    if not states <= FINAL:
        return Course.OPEN
    if JobState.CANCELED in states:
        return Course.STOPPED
    if JobState.FAILED in states:
        return Course.FAILED
    if JobState.SKIPPED in states and not optional_rest:
        return Course.STOPPED
    return Course.SUCCEEDED


def outcome(plan: PipelinePlan, states: Mapping[str, JobState]) -> JobState:
    """The state of the whole pipeline, from the states of its jobs."""
    counted = {
        states[job.name]
        for job in plan.jobs
        if not (job.allow_failure and states[job.name] in {JobState.FAILED, JobState.MANUAL})
    }
    for state in (JobState.RUNNING, JobState.PENDING):
        if state in counted:
            return JobState.RUNNING
    for state in (JobState.CANCELED, JobState.FAILED, JobState.MANUAL, JobState.CREATED):
        if state in counted:
            return state
    return JobState.SKIPPED if counted == {JobState.SKIPPED} else JobState.SUCCESS
