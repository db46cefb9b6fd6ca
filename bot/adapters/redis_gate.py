"""Who comes in at the moment, in Redis: a stream, whose order is the line, and counters that end by themselves."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
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
    async def in_line(self, bid: Bid, *, now: datetime) -> AsyncIterator[Sequence[Bid]]:
        """One who was ahead and is not found has been let in, or refused, before this one looks at the jobs."""
        with translating():
            entry: Any = {"bid": bid.model_dump_json(), "at": now.timestamp()}
            place: Any = await self._redis.xadd(LINE, entry)
        try:
            yield await self._ahead(place, now)
        finally:
            with contextlib.suppress(TemporaryError), translating():
                await self._redis.xdel(LINE, place)

    async def _ahead(self, place: str, now: datetime) -> Sequence[Bid]:
        with translating():
            entries: Any = await self._redis.xrange(LINE, "-", f"({place}")
        since = (now - DEAD).timestamp()
        dead = [place for place, fields in entries if float(fields["at"]) < since]
        if dead:
            with translating():
                await self._redis.xdel(LINE, *dead)
        alive = (fields for place, fields in entries if place not in dead)
        return tuple(Bid.model_validate_json(fields["bid"]) for fields in alive)

    async def times(self, mark: str, *, within: timedelta) -> int:
        milliseconds = round(within.total_seconds() * 1000)
        return int(await self._scripts.run("count", [f"idp:times:{mark}"], [milliseconds]))
