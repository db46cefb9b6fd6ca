"""A part that can be stopped and started again while the others go on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

P = TypeVar("P")
SECONDS_UNTIL_PORT_IS_TRIED_AGAIN = 0.5

Opening = Callable[[P | None], AbstractAsyncContextManager[P]]
"""Opens a part; given what it was before, so that it comes back at the same address."""


class Restartable(Generic[P]):
    """Keeps a part open, in a task of its own, for as long as it is wanted."""

    def __init__(self, opening: Opening[P]) -> None:
        self._opening = opening
        self._part: P | None = None
        self._is_wanted = True
        self._is_ended = False
        self._is_up = False
        self._moved = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[P]:
        """Open the part; it is closed with the context, unless it is at that time.

        Raises:
            OSError: it cannot be opened the first time.
        """
        keeper = asyncio.create_task(self._keep())
        up = asyncio.create_task(self._until(lambda: self._is_up))
        try:
            await asyncio.wait({keeper, up}, return_when=asyncio.FIRST_COMPLETED)
            if self._part is None:
                await keeper
                raise OSError("the part ended before it was there")
            yield self._part
        finally:
            up.cancel()
            self._is_ended = True
            await self._tell()
            await keeper

    async def switch(self, is_wanted: bool) -> None:  # noqa: FBT001 - a switch is a boolean
        """Stop the part or start it again, and wait until that is done."""
        self._is_wanted = is_wanted
        await self._tell()
        await self._until(lambda: self._is_up == self._is_wanted or self._is_ended)

    async def _keep(self) -> None:
        try:
            await self._open_and_close()
        finally:
            self._is_ended = True
            await self._tell()

    async def _open_and_close(self) -> None:
        while not self._is_ended:
            try:
                async with self._opening(self._part) as self._part:
                    await self._become(is_up=True)
                    await self._until(lambda: not self._is_wanted or self._is_ended)
            except OSError:
                if self._part is None:
                    raise
                await asyncio.sleep(SECONDS_UNTIL_PORT_IS_TRIED_AGAIN)
            await self._become(is_up=False)
            await self._until(lambda: self._is_wanted or self._is_ended)

    async def _become(self, *, is_up: bool) -> None:
        self._is_up = is_up
        await self._tell()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with self._moved:
            await self._moved.wait_for(holds)
