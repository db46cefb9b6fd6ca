"""Run the Lua scripts that change a job, each atomic and within one slot; one file a script."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.adapters.redis_errors import translated

FOLDER = Path(__file__).parent / "lua"


@contextlib.contextmanager
def translating() -> Iterator[None]:
    """Turn Redis' own errors into the bot's, with the original as their cause.

    Every one of them is temporary: the scripts and commands are fixed, so only the server or the way to it can be at
    fault.

    Raises:
        TemporaryError: the store cannot be reached.
        CancelledError: the task was cancelled meanwhile, and redis-py lost that.
    """
    try:
        yield
    except RedisError as error:
        _heed_cancel()
        raise translated(error) from error
    _heed_cancel()


def _heed_cancel() -> None:
    """End a task that was told to end and goes on all the same.

    redis-py writes within asyncio.wait_for, which before Python 3.12 forgets a cancel that comes as the write is done
    (https://github.com/python/cpython/issues/86296). Who waits for such a task waits for ever.
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


class Scripts:
    """The scripts by the names of their files."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = {
            path.stem: redis.register_script(path.read_text()) for path in FOLDER.glob("*.lua")
        }

    async def run(
        self, name: str, keys: Sequence[str], arguments: Sequence[str | int | float]
    ) -> Any:
        """Run a script.

        Raises:
            TemporaryError: the store cannot be reached.
        """
        with translating():
            return await self._scripts[name](keys=list(keys), args=list(arguments))
