"""Who comes in at the moment, in Redis: a stream, whose order is the line, and counters that end by themselves.

A place in the stream begins with Redis' own time, in milliseconds: the clocks of those who stand in line may differ.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from bot.adapters.redis_lua import Scripts, translating
from bot.domain.errors import TemporaryError
from bot.domain.limits import Bid

LINE = "idp:line"
DEAD = timedelta(minutes=1)


class RedisGate:
    """The gate of all processes that share a Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)

    @contextlib.asynccontextmanager
    async def in_line(self, bid: Bid) -> AsyncIterator[Sequence[Bid]]:
        """One who was ahead and is not found has been let in, or refused, before this one looks at the jobs."""
        with translating():
            place: Any = await self._redis.xadd(LINE, {"bid": bid.model_dump_json()})
        try:
            yield await self._ahead(place)
        finally:
            with contextlib.suppress(TemporaryError), translating():
                await self._redis.xdel(LINE, place)

    async def _ahead(self, own: str) -> Sequence[Bid]:
        with translating():
            entries: Any = await self._redis.xrange(LINE, "-", f"({own}")
        dead = [place for place, _ in entries if _taken_at(own) - _taken_at(place) > DEAD]
        if dead:
            with translating():
                await self._redis.xdel(LINE, *dead)
        alive = (fields for place, fields in entries if place not in dead)
        return tuple(Bid.model_validate_json(fields["bid"]) for fields in alive)

    async def times(self, mark: str, *, within: timedelta) -> int:
        milliseconds = round(within.total_seconds() * 1000)
        return int(await self._scripts.run("count", [f"idp:times:{mark}"], [milliseconds]))


def _taken_at(place: str) -> timedelta:
    return timedelta(milliseconds=int(place.partition("-")[0]))
