"""Rate limits as Slack documents them, for those who switch them on."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket: how many calls at once, and how many more each second."""

    burst: int
    per_second: float


PER_CHANNEL = Limit(burst=3, per_second=1.0)
TIER_2 = Limit(burst=20, per_second=20 / 60)
TIER_3 = Limit(burst=50, per_second=50 / 60)
TIER_4 = Limit(burst=100, per_second=100 / 60)
LIMITS = {
    "chat.postMessage": PER_CHANNEL,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "conversations.list": TIER_2,
    "conversations.create": TIER_2,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "users.list": TIER_2,
    "users.lookupByEmail": TIER_3,
    "users.info": TIER_4,
    "views.open": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
    "views.publish": TIER_4,
}


class RateLimits:
    """Counts the calls of the app, method by method; posting is counted by channel."""

    def __init__(self, *, on: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with every bucket full."""
        self.on = on
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def count(self, method: str, channel: str) -> None:
        """Count one call.

        Raises:
            RateLimited: its bucket is empty.
        """
        limit = LIMITS.get(method)
        if not self.on or limit is None:
            return
        key = (method, channel if limit is PER_CHANNEL else "")
        now = self._clock()
        level, since = self._buckets.get(key, (float(limit.burst), now))
        level = min(float(limit.burst), level + (now - since) * limit.per_second)
        if level < 1:
            self._buckets[key] = (level, now)
            raise RateLimited(max(1, math.ceil((1 - level) / limit.per_second)))
        self._buckets[key] = (level - 1, now)
