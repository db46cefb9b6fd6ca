"""A watcher that writes down what it was told."""

import contextlib
from collections.abc import Iterator

from bot.domain.job import Job, StepRecord
from bot.ports.telemetry import CameTo


class MemoryTelemetry:
    """Holds a line for each thing that happened, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextlib.contextmanager
    def attempt(self, job: Job, step: str) -> Iterator[CameTo]:
        before = job.step(step).state

        def came_to(after: StepRecord) -> None:
            self.told.append(f"{step}: {before} -> {after.state}")

        yield came_to

    def ended(self, job: Job) -> None:
        self.told.append(f"{job.id}: {job.state}")

    def taken_over(self) -> None:
        self.told.append("taken over")

    def swept(self) -> None:
        self.told.append("swept")
