"""Any order of what runners, people, time and death do to a job leaves the store as its model says."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from hypothesis.stateful import run_state_machine_as_test
from redis.asyncio import Redis

from bot.adapters import redis_record as record
from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.redis_jobs import RedisJobs
from bot.ports.clock import Clock
from tests.fuzz.depth import examples
from tests.fuzz.job_store import JobStoreMachine


class InMemory:
    def __init__(self, clock: Clock) -> None:
        self.jobs = MemoryJobs(clock)

    async def due_at(self, job_id: str) -> datetime | None:
        return self.jobs.due_at.get(job_id)

    async def expire(self, job_id: str) -> None:
        self.jobs.leases.pop(job_id, None)


class InRedis:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.jobs = RedisJobs(redis, owner="tests")

    async def due_at(self, job_id: str) -> datetime | None:
        score = await self.redis.zscore(record.DUE, job_id)
        return None if score is None else datetime.fromtimestamp(score, tz=UTC)

    async def expire(self, job_id: str) -> None:
        await self.redis.delete(record.lease_key(job_id))


def test_the_store_in_memory_keeps_its_promises_whatever_happens(
    loop: asyncio.Runner, tried: Callable[[], object]
) -> None:
    async def opened(clock: Clock) -> InMemory:
        tried()
        return InMemory(clock)

    run_state_machine_as_test(
        lambda: JobStoreMachine(opened, loop),  # type: ignore[arg-type] # it only calls it
        settings=examples(100, deep=4_000),
    )


def test_the_store_in_redis_keeps_its_promises_whatever_happens(
    redis_url: str, loop: asyncio.Runner, tried: Callable[[], object]
) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)

    async def opened(_: Clock) -> InRedis:
        tried()
        await redis.flushall()
        return InRedis(redis)

    run_state_machine_as_test(
        lambda: JobStoreMachine(opened, loop),  # type: ignore[arg-type] # it only calls it
        settings=examples(60, deep=2_000),
    )
    loop.run(redis.aclose())
