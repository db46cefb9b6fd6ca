"""Live copies of what the API server holds, one per kind, shared by all controllers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
import structlog

from bot.sandbox.cluster.controllers.kube import GONE, ApiError, Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, key_of, kind_of

log = structlog.get_logger()

# Called with what was there and what is there now; None on either side means absent.
Listener = Callable[[Object | None, Object | None], None]

SECONDS_UNTIL_RETRY = 0.5
SECONDS_UNTIL_KIND_RETRY = 2.0


class Informer:
    """A live copy of all objects of one kind."""

    def __init__(self, kube: Kube, kind: Kind, on_change: Callable[[], None]) -> None:
        self._kube = kube
        self._kind = kind
        self._on_change = on_change
        self._listeners: list[Listener] = []
        self._synced = asyncio.Event()
        self.objects: dict[Key, Object] = {}

    def subscribe(self, listener: Listener) -> None:
        """Tell the listener of everything there is, and of every change from now on."""
        self._listeners.append(listener)
        for obj in list(self.objects.values()):
            listener(None, obj)

    async def synced(self) -> None:
        """Wait until the first list is in."""
        await self._synced.wait()

    def observe(self, obj: Object) -> None:
        """Take in an object, unless a newer one is known; writers hand in what they wrote."""
        key = key_of(obj)
        known = self.objects.get(key)
        if known and version_of(known) >= version_of(obj):
            return
        self.objects[key] = obj
        self._tell(known, obj)

    async def run(self) -> None:
        """Follow the kind for ever: list, then watch, and again when the watch is lost."""
        while True:
            try:
                await self._watch(await self._list())
            except UnknownKindError:
                self._replace([])
                self._kube.forget(self._kind)
                await asyncio.sleep(SECONDS_UNTIL_KIND_RETRY)
            except ApiError as error:
                if error.code != GONE:
                    self._kube.forget(self._kind)
                    await asyncio.sleep(SECONDS_UNTIL_RETRY)
            except httpx.HTTPError:
                await asyncio.sleep(SECONDS_UNTIL_RETRY)
            except Exception:
                log.exception("informer.failed", kind=self._kind.kind)
                await asyncio.sleep(SECONDS_UNTIL_RETRY)

    async def _list(self) -> str:
        items, version = await self._kube.list(self._kind)
        self._replace(items)
        self._synced.set()
        return version

    async def _watch(self, version: str) -> None:
        while True:
            async for event, obj in self._kube.watch(self._kind, version):
                version = obj["metadata"]["resourceVersion"]
                if event in {"ADDED", "MODIFIED"}:
                    self.observe(obj)
                elif event == "DELETED":
                    self._remove(obj)

    def _replace(self, items: Iterable[Object]) -> None:
        found = {key_of(item): item for item in items}
        for key in [key for key in self.objects if key not in found]:
            self._remove(self.objects[key])
        for obj in found.values():
            self.observe(obj)

    def _remove(self, obj: Object) -> None:
        known = self.objects.get(key_of(obj))
        # The same name may have been made anew since: what was written here is known before the watch tells.
        if known and known["metadata"].get("uid") == obj["metadata"].get("uid"):
            del self.objects[key_of(obj)]
            self._tell(known, None)

    def _tell(self, old: Object | None, new: Object | None) -> None:
        for listener in self._listeners:
            try:
                listener(old, new)
            except Exception:
                log.exception("informer.listener_failed", kind=self._kind.kind)
        self._on_change()


class Informers:
    """Starts an informer the first time that somebody asks for a kind."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._informers: dict[Kind, Informer] = {}
        self._running: list[asyncio.Task[None]] = []
        self._change = asyncio.Event()
        kube.on_written = self._observe

    async def of(self, api_version: str, kind: str) -> Informer:
        """Give the informer of a kind once it holds everything.

        Raises:
            UnknownKindError: the kind is not served.
        """
        wanted = Kind(api_version, kind)
        if wanted not in self._informers:
            await self._kube.resource(wanted)
            informer = self._informers.setdefault(
                wanted, Informer(self._kube, wanted, self._changed)
            )
            self._running.append(asyncio.create_task(informer.run()))
        await self._informers[wanted].synced()
        return self._informers[wanted]

    def known(self, kind: Kind) -> Informer | None:
        """Give the informer of a kind if it runs."""
        return self._informers.get(kind)

    def all(self) -> list[Informer]:
        """Give every informer that runs."""
        return list(self._informers.values())

    async def next_change(self) -> None:
        """Wait until something changes, of whatever kind."""
        await self._change.wait()

    async def stop(self) -> None:
        """End all informers."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _observe(self, written: Object) -> None:
        if "metadata" not in written or "kind" not in written:
            return
        informer = self._informers.get(kind_of(written))
        if informer:
            informer.observe(written)


@contextlib.asynccontextmanager
async def informed(kube: Kube) -> AsyncIterator[Informers]:
    """Run informers for as long as the context lasts."""
    informers = Informers(kube)
    try:
        yield informers
    finally:
        await informers.stop()


def version_of(obj: Object) -> int:
    """Read the version; the sandbox's API server counts in whole numbers."""
    return int(obj["metadata"].get("resourceVersion") or 0)
