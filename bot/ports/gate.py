"""Who comes in at the moment: what counts that no job tells of yet, or never will."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from bot.domain.limits import Bid


class Gate(Protocol):
    """Let those who come at once count each other; the same for all processes.

    Raises TemporaryError when the store behind it cannot be reached.
    """

    def in_line(self, bid: Bid) -> AbstractAsyncContextManager[Sequence[Bid]]:
        """Stand in line from before the jobs are counted until the bid is one of them; yields those who stand ahead.

        Everybody who was let in before is among those ahead or, if the jobs are counted from now on, among the jobs.
        Who dies in line is gone from it a minute later, by one clock for all processes.
        """

    async def times(self, mark: str, *, within: timedelta) -> int:
        """Count one more of its kind: which one it is, from the first on until that much later."""
