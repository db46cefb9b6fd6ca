"""Who comes in at the moment, in a list."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from bot.domain.limits import Bid
from bot.ports.clock import Clock

DEAD = timedelta(minutes=1)


class MemoryGate:
    """The gate of one process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.line: list[tuple[Bid, datetime]] = []
        self.counters: dict[str, tuple[int, datetime]] = {}

    @contextlib.asynccontextmanager
    async def in_line(self, bid: Bid) -> AsyncIterator[Sequence[Bid]]:
        now = self.clock()
        ahead = tuple(each for each, at in self.line if now - at <= DEAD)
        place = (bid, now)
        self.line.append(place)
        try:
            yield ahead
        finally:
            self.line.remove(place)

    async def times(self, mark: str, *, within: timedelta) -> int:
        now = self.clock()
        number, until = self.counters.get(mark, (0, now))
        number, until = (number, until) if until > now else (0, now + within)
        self.counters[mark] = (number + 1, until)
        return number + 1
