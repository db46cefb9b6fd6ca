"""How many jobs there are in each state, and what they wait for: the picture that an operator watches."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain.job import Job, JobState, StepState
from bot.domain.value import Value

PAUSES = (StepState.WAITING, StepState.RETRYING)


class Census(Value):
    """Of the jobs that have not ended.

    `pauses` counts steps by what they are, as the words that they wait for are without number. `overdue` is for how
    long the job that nobody looks at should have been looked at.
    """

    jobs: Mapping[JobState, int]
    pauses: Mapping[tuple[str, StepState], int]
    overdue: timedelta


def census(jobs: Iterable[Job], *, first_due: datetime | None, now: datetime) -> Census:
    """Count.

    Args:
        jobs: those that somebody has to look at; the ones that ended and only wait for their last word do not count.
        first_due: when the first of them is or was to be looked at.
        now: the time.
    """
    unfinished = [job for job in jobs if not job.state.is_end]
    states = Counter(job.state for job in unfinished)
    return Census(
        jobs={state: states[state] for state in JobState if not state.is_end},
        pauses=Counter(
            (name, record.state)
            for job in unfinished
            for name, record in job.steps.items()
            if record.state in PAUSES
        ),
        overdue=max(now - first_due, timedelta()) if first_due else timedelta(),
    )
