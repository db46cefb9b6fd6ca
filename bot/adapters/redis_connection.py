"""Connect to Redis in the form that its address asks for: one server, Sentinel or Cluster."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel

TIMEOUTS = {"socket_connect_timeout": 10, "socket_timeout": 5}
"""In seconds: to connect, and to be answered; nothing that the bot asks takes longer than a moment."""

SENTINEL_PORT = 26379


@contextlib.asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """Yield a client that speaks text; the address has the same form as the one that docket takes.

    Args:
        url: `redis://`, `rediss://`, `unix://`, `redis+sentinel://host:port,host:port/service/db` or
            `redis+cluster://` (both also with `rediss`).
    """
    client = _client(url)
    try:
        yield client
    finally:
        await client.aclose()


def _client(url: str) -> Any:
    scheme = url.split("://", maxsplit=1)[0]
    options: dict[str, Any] = {"decode_responses": True, **TIMEOUTS}
    if scheme.endswith("+cluster"):
        return RedisCluster.from_url(url.replace("+cluster", "", 1), **options)
    if scheme.endswith("+sentinel"):
        return _master(url, ssl=scheme.startswith("rediss"), **options)
    return Redis.from_url(url, **options)


def _master(url: str, **options: Any) -> Any:
    """The client of the master that the sentinels name, also after a failover."""
    authority, _, path = url.partition("://")[2].partition("/")
    login, _, hosts = authority.rpartition("@")
    parts = urlsplit(f"//{login}@/{path}")
    service, _, database = parts.path.strip("/").partition("/")
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call] # redis-py leaves its constructor untyped
        [_address(host) for host in hosts.split(",")],
        sentinel_kwargs=TIMEOUTS,
    )
    credentials = {
        name: unquote(part) if part else None
        for name, part in (("username", parts.username), ("password", parts.password))
    }
    return sentinel.master_for(service, db=int(database or 0), **credentials, **options)


def _address(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    return parts.hostname or "", parts.port or SENTINEL_PORT
