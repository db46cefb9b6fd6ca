"""Who watches over the work: told what happens to jobs, and never able to change it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from bot.domain.job import Job, StepRecord

CameTo = Callable[[StepRecord], None]
"""Told the record that an attempt left."""


class Telemetry(Protocol):
    """Counts and times; every method returns at once and raises nothing of its own."""

    def attempt(self, job: Job, step: str) -> AbstractContextManager[CameTo]:
        """Lasts as long as one attempt at a step, or one more look at what the step waits for.

        Args:
            job: as it stood before.
            step: the step's name. A record that says `running` already belongs to an attempt that died.
        """

    def ended(self, job: Job) -> None:
        """The job came to the end that it shows; a failed one may be retried, and end again."""

    def taken_over(self) -> None:
        """A write was refused, as another worker holds the job by then."""

    def swept(self) -> None:
        """Nobody had looked at a job when somebody should have."""
