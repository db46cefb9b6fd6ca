"""Run the Lua scripts that change a job, each atomic and within one slot; one file a script."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.domain.errors import TemporaryError

FOLDER = Path(__file__).parent / "lua"


@contextlib.contextmanager
def translating() -> Iterator[None]:
    """Turn Redis' own errors into the bot's, with the original as their cause.

    Every one of them is temporary: the scripts and commands are fixed, so only the server or the way to it can be at
    fault.
    """
    try:
        yield
    except RedisError as error:
        raise TemporaryError("Redis, where the jobs are kept, cannot be reached.") from error


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
