"""Whether Redis keeps the jobs, and keeps them safely."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from bot.adapters.redis_connection import open_redis
from bot.domain.errors import TemporaryError
from bot.ports.finding import Checkup, Finding, Findings, failed, ok, warning

_SYSTEM = "Redis"
_OLDEST = (6, 2)


def checkup(address: AbstractAsyncContextManager[str], *, is_embedded: bool) -> Checkup:
    """Look at one server, or at every one that the address leads to.

    Args:
        address: yields the address, after having started a server where there is none.
        is_embedded: the server is the bot's own.
    """
    named = "IDP_STATE_DIR" if is_embedded else "REDIS_URL"
    return Checkup(_SYSTEM, named, _findings(address, is_embedded=is_embedded))


async def _findings(address: AbstractAsyncContextManager[str], *, is_embedded: bool) -> Findings:
    async with address as url:
        try:
            servers = await _servers(url)
        except ValueError:  # its words may repeat a part of the password
            fix = "Write it like redis://:password@host:6379/0."
            yield failed(_SYSTEM, "address", "REDIS_URL is no address.", fix)
        except (AuthenticationError, NoPermissionError):
            fix = "Put the user's name and password into REDIS_URL; the user needs every command."
            yield failed(_SYSTEM, "reachable", "Redis refused the bot's password.", fix)
        except ResponseError as error:
            yield warning(_SYSTEM, "reachable", f"It tells nothing: {error}.", "Allow INFO.")
        except RedisError as error:
            raise TemporaryError("Redis could not be reached.") from error
        else:
            for finding in _judged(servers, is_embedded=is_embedded):
                yield finding


async def _servers(url: str) -> list[Mapping[str, Any]]:
    async with open_redis(url) as redis:
        found: Any = await redis.info()
    is_one = not all(isinstance(value, Mapping) for value in found.values())
    return [found] if is_one else list(found.values())


def _judged(servers: list[Mapping[str, Any]], *, is_embedded: bool) -> Iterator[Finding]:
    versions = sorted({_version(server) for server in servers})
    oldest = min(_numbers(server) for server in servers)
    if oldest < _OLDEST:
        fix = "Use Redis 6.2 or newer, or Valkey."
        yield failed(_SYSTEM, "version", f"{', '.join(versions)} is too old.", fix)
    else:
        whose = "the bot's own server" if is_embedded else "the server of REDIS_URL"
        yield ok(_SYSTEM, "reachable", f"{', '.join(versions)} answers: {whose}.")
    if not all(server.get("aof_enabled") for server in servers):
        detail = "Its append-only file is off: what it has not saved is lost when it restarts."
        yield warning(_SYSTEM, "durability", detail, "Set `appendonly yes` on the server.")
    else:
        yield ok(_SYSTEM, "durability", "It writes every change to its append-only file.")
    policies = {str(server.get("maxmemory_policy", "noeviction")) for server in servers}
    if policies != {"noeviction"}:
        detail = f"When its memory is full it throws jobs away ({', '.join(sorted(policies))})."
        fix = "Set `maxmemory-policy noeviction` on the server."
        yield warning(_SYSTEM, "eviction", detail, fix)


def _version(server: Mapping[str, Any]) -> str:
    valkey = server.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {server.get('redis_version', '')}"


def _numbers(server: Mapping[str, Any]) -> tuple[int, ...]:
    parts = str(server.get("redis_version", "")).split(".")
    return tuple(int(part) for part in parts if part.isdigit()) or _OLDEST
