"""The processing loop: entities whose round has come are read, checked and kept."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from bot.sandbox.catalog import ledger
from bot.sandbox.catalog.processing import Processor
from bot.sandbox.catalog.store import Row, Store

_AT_ONCE = 5


class Engine:
    """Processes each entity once when it changes, and those that read files again after each interval."""

    def __init__(self, store: Store, processor: Processor, *, interval: float) -> None:
        self._store = store
        self._processor = processor
        self._interval = interval
        self._woken = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def wake(self) -> None:
        """Look now: something was registered or asked to be refreshed."""
        self._woken.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Process for as long as the context lasts."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._loop()), group.create_task(self._clean_up())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _loop(self) -> None:
        while True:
            self._woken.clear()
            while due := self._store.due(time.time()):
                await asyncio.gather(*map(self._process, due))
            next_due = self._store.next_due()
            patience = None if next_due is None else max(0.0, next_due - time.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), patience)

    async def _process(self, row: Row) -> None:
        async with self._slots:
            outcome = await self._processor.process(row.unprocessed, row.cache)
        due = time.time() + self._interval if outcome.reads_files else None
        ledger.commit(self._store, row, outcome, due=due)

    async def _clean_up(self) -> None:
        """An orphan stays visible, marked as such, until the next of these."""
        while True:
            await asyncio.sleep(self._interval)
            ledger.remove_orphans(self._store)
