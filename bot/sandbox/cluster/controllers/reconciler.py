"""Bring objects to the wanted state, one call at a time for each, again whenever something about them changed."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import httpx
import structlog

from bot.sandbox.cluster.controllers.informers import Listener
from bot.sandbox.cluster.controllers.kube import CONFLICT, ApiError, UnknownKindError
from bot.sandbox.cluster.controllers.objects import Key, key_of

log = structlog.get_logger()

FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
MORE_THAN_ENOUGH_FAILURES = 20

KeyT = TypeVar("KeyT", bound=Hashable)


class Reconciler(Generic[KeyT]):
    """A queue of keys: events that come while a key is being worked on make it be worked on once more."""

    def __init__(self, name: str, reconcile: Callable[[KeyT], Awaitable[float | None]]) -> None:
        """Work with `reconcile`, which may return the seconds after which it wants to look again."""
        self._name = name
        self._reconcile = reconcile
        self._running: dict[KeyT, asyncio.Task[None]] = {}
        self._dirty: set[KeyT] = set()
        self._timers: dict[KeyT, asyncio.TimerHandle] = {}
        self._failures: dict[KeyT, int] = {}
        self._is_closed = False

    def add(self, key: KeyT) -> None:
        """Look at the key as soon as possible."""
        if self._is_closed:
            return
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._running:
            self._dirty.add(key)
        else:
            self._running[key] = asyncio.get_running_loop().create_task(self._work(key))

    async def close(self) -> None:
        """Stop; what is being worked on is cancelled."""
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _work(self, key: KeyT) -> None:
        delay: float | None = None
        try:
            while True:
                self._dirty.discard(key)
                delay = await self._attempt(key)
                if key not in self._dirty:
                    break
        finally:
            del self._running[key]
        if delay is not None and not self._is_closed:
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(delay, self.add, key)

    async def _attempt(self, key: KeyT) -> float | None:
        try:
            delay = await self._reconcile(key)
        except (ApiError, UnknownKindError, httpx.HTTPError) as error:
            # Somebody else wrote in between, or what is needed is not there yet: ordinary in a cluster.
            if not (isinstance(error, ApiError) and error.code == CONFLICT):
                log.info(
                    "controller.will_retry", controller=self._name, key=str(key), error=str(error)
                )
        except Exception:
            log.exception("controller.failed", controller=self._name, key=str(key))
        else:
            self._failures.pop(key, None)
            return delay
        failures = min(self._failures.get(key, 0) + 1, MORE_THAN_ENOUGH_FAILURES)
        self._failures[key] = failures
        return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1)))


def adding(reconciler: Reconciler[Key]) -> Listener:
    """Make every change of an object a look at its key."""
    return lambda old, new: reconciler.add(key_of(new or old or {}))
