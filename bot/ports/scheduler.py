"""Who is told to look at a job, and when."""

from datetime import datetime
from typing import Protocol


class Scheduler(Protocol):
    """Deliver one message, "look at job J", at least once, to any worker."""

    async def nudge(self, job_id: str, *, at: datetime | None = None) -> None:
        """Have a worker look at the job, now or at a time."""
