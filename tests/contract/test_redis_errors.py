"""What people are told when Redis is there and takes nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_errors import translated

SCRIPT = "return redis.call('SET', KEYS[1], 'x')"
FULL = "its memory is full (maxmemory)"
REPLICA = "it is a replica"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url) as client:
        yield client
        await client.config_set("maxmemory", "0")
        await client.replicaof("NO", "ONE")


async def by_command(redis: Redis) -> None:
    await redis.set("k", "x")


async def by_script(redis: Redis) -> None:
    script: Any = redis.register_script(SCRIPT)
    await script(keys=["k"])


async def told(redis: Redis, write: Callable[[Redis], Awaitable[None]]) -> str:
    with pytest.raises(RedisError) as raised:
        await write(redis)
    return translated(raised.value).cause


@pytest.mark.parametrize("write", [by_command, by_script])
async def test_a_redis_that_is_full_is_told_from_one_that_is_away(
    redis: Redis, write: Callable[[Redis], Awaitable[None]]
) -> None:
    await redis.config_set("maxmemory", "1")

    assert FULL in await told(redis, write)


@pytest.mark.parametrize("write", [by_command, by_script])
async def test_a_replica_is_told_from_a_redis_that_is_away(
    redis: Redis, write: Callable[[Redis], Awaitable[None]]
) -> None:
    await redis.replicaof("127.0.0.1", "1")

    assert REPLICA in await told(redis, write)


def test_a_redis_that_cannot_save_says_so_and_any_other_error_is_that_it_is_away() -> None:
    unsaved = ResponseError("MISCONF Redis is configured to save RDB snapshots, but cannot")

    assert "cannot save to its disk" in translated(unsaved).cause
    assert "cannot be reached" in translated(NoAnswer("Timeout connecting to server")).cause
