"""Where what happened is written down for good."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from bot.domain.audit import AuditEntry, End


class Audit(Protocol):
    """A chain of entries that is only ever added to; it outlives the jobs that it tells of.

    Raises TemporaryError when it cannot be reached.
    """

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        """Add entries of one job, or of none, all or nothing.

        Those with a version are added once for each job, whoever records them again: after a crash, or beside us.
        """

    async def end(self) -> End:
        """How far the chain goes, as is kept beside it."""

    def lines(self) -> AsyncIterator[str]:
        """All lines from the first one on, each an object in JSON."""
