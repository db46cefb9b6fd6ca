"""Time that stands until it is moved."""

from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class MemoryClock:
    """Tells the same time until a test moves it on; with a `tick` it moves on by that at every look, as real time does."""

    def __init__(self, now: datetime = _START) -> None:
        self._now = now
        self.tick = timedelta()

    def __call__(self) -> datetime:
        self._now += self.tick
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move time on."""
        self._now += by
