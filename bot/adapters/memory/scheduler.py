"""Nudges that wait for a test to look at them."""

from datetime import datetime

from bot.adapters.memory.faults import Faults


class MemoryScheduler(Faults):
    """Keeps every nudge, with the time it is for."""

    def __init__(self) -> None:
        super().__init__()
        self.nudges: list[tuple[str, datetime | None]] = []

    async def nudge(self, job_id: str, *, at: datetime | None = None) -> None:
        with self.around("nudge"):
            self.nudges.append((job_id, at))
