"""How the bot reaches its Redis, in each form that an address may have."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import RedisError

from bot.adapters import redis_connection
from bot.adapters.redis_connection import open_redis


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """Somebody who takes every connection and never says a word."""

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.parametrize(
    "address", ["redis://{}@server:26379/2", "redis+sentinel://{}@one:26379,two/main/2"]
)
async def test_a_password_may_hold_signs_that_mean_something_in_an_address(address: str) -> None:
    async with open_redis(address.format("bot%2B1:p%40ss%2Fword")) as redis:
        used = redis.connection_pool.connection_kwargs

    assert (used["username"], used["password"], used["db"]) == ("bot+1", "p@ss/word", 2)


async def test_an_address_of_sentinels_needs_no_password() -> None:
    async with open_redis("redis+sentinel://one/main") as redis:
        assert redis.connection_pool.connection_kwargs["password"] is None


async def test_a_sentinel_may_be_named_by_an_address_of_ipv6_with_a_port_or_without() -> None:
    async with open_redis("redis+sentinel://:word@one,[::1]:26380,[::2]/main/2") as redis:
        pool: Any = redis.connection_pool

    asked = [
        sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels
    ]
    assert [(each["host"], each["port"]) for each in asked] == [
        ("one", 26379),
        ("::1", 26380),
        ("::2", 26379),
    ]
    assert pool.connection_kwargs["password"] == "word"


@pytest.mark.parametrize(
    "address", ["redis://127.0.0.1:{}/0", "redis+sentinel://127.0.0.1:{}/main/0"]
)
async def test_a_server_that_says_nothing_is_not_waited_for(
    address: str, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(redis_connection.TIMEOUTS, "socket_timeout", 0.05)

    async with asyncio.timeout(15), open_redis(address.format(silent_port)) as redis:
        with pytest.raises(RedisError):
            await redis.ping()
