"""Reads jobs out of Redis; where many are wanted, those that another version of the bot wrote hold up nobody."""

from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.adapters import redis_record as record
from bot.adapters.redis_lua import translating
from bot.domain.job import Job
from bot.ports.job_store import Unreadable

log = structlog.get_logger()


class RedisReading:
    """Remembers which jobs it has said of that they cannot be read: listings are made all the time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._told: set[str] = set()

    async def load(self, job_id: str) -> Job | None:
        """The job, or None.

        Raises:
            Unreadable: another version of the bot wrote to it.
        """
        with translating():
            fields: Any = await self._redis.hgetall(record.job_key(job_id))
        return record.job_of(job_id, fields) if fields else None

    async def load_readable(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """Those of the jobs that are there and can be read; each other one is logged once in this process."""
        return [job for job_id in job_ids if (job := await self._load_readable(job_id))]

    async def _load_readable(self, job_id: str) -> Job | None:
        try:
            return await self.load(job_id)
        except Unreadable as error:
            if job_id not in self._told:
                self._told.add(job_id)
                log.warning("job.unreadable", job=job_id, where=error.where)
            return None
