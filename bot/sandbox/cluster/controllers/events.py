"""Events: what controllers tell of an object, for whoever describes it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.cluster.controllers.kube import ApiError, Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    key_of,
    parse_timestamp,
    timestamp,
)

EVENT = Kind("v1", "Event")
# As long as a real API server keeps them.
LIFETIME = timedelta(hours=1)
NORMAL, WARNING = "Normal", "Warning"


@dataclass(frozen=True, slots=True)
class _Said:
    """What makes two events the same one, which is then counted."""

    uid: str
    part: str
    reason: str
    message: str


@dataclass(slots=True)
class _Kept:
    key: Key
    count: int
    last: datetime


class Recorder:
    """Writes events one after another in the background: nothing waits for them, and nothing fails with them."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._queue: asyncio.Queue[tuple[_Said, Object]] = asyncio.Queue()
        self._kept: dict[_Said, _Kept] = {}

    def tell(self, said: _Said, event: Object) -> None:
        """Have an event written."""
        self._queue.put_nowait((said, event))

    def has_told(self, obj: Object, reason: str) -> bool:
        """Whether this was said of an object before, also by an earlier run."""
        uid = obj["metadata"]["uid"]
        return any((said.uid, said.reason) == (uid, reason) for said in self._kept)

    async def run(self) -> None:
        """Write what is told, until cancelled."""
        while True:
            said, event = await self._queue.get()
            # The namespace may be going, and its events with it.
            with contextlib.suppress(ApiError, UnknownKindError):
                await self._write(said, event)
                await self._forget()

    async def adopt(self) -> None:
        """Count on from what an earlier run has written."""
        for event in (await self._kube.list(EVENT))[0]:
            about = event.get("involvedObject") or {}
            said = _Said(
                about.get("uid", ""),
                about.get("fieldPath", ""),
                event.get("reason", ""),
                event.get("message", ""),
            )
            last = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
            self._kept[said] = _Kept(key_of(event), event.get("count") or 1, parse_timestamp(last))

    async def _write(self, said: _Said, event: Object) -> None:
        now, kept = datetime.now(UTC), self._kept.get(said)
        if kept:
            again = {"count": kept.count + 1, "lastTimestamp": timestamp(now)}
            await self._kube.patch(EVENT, kept.key, again)
            kept.count, kept.last = kept.count + 1, now
        else:
            self._kept[said] = _Kept(key_of(event), 1, now)
            await self._kube.create(event)

    async def _forget(self) -> None:
        too_old = datetime.now(UTC) - LIFETIME
        for said in [said for said, kept in self._kept.items() if kept.last < too_old]:
            await self._kube.delete(EVENT, self._kept.pop(said).key)


class Subject:
    """An object, or a part of it, that one component tells events of."""

    def __init__(self, voice: "Voice", obj: Object, part: str) -> None:
        self._voice = voice
        self._obj = obj
        self._part = part

    def normal(self, reason: str, message: str) -> None:
        """Tell what is as it should be."""
        self._voice.normal(self._obj, reason, message, self._part)

    def warning(self, reason: str, message: str) -> None:
        """Tell what somebody should look at."""
        self._voice.warning(self._obj, reason, message, self._part)


class Voice:
    """One component that tells events."""

    def __init__(self, recorder: Recorder, component: str) -> None:
        self._recorder = recorder
        self._component = component

    def about(self, obj: Object, part: str) -> Subject:
        """Speak of one object's part; `part` is a path such as `spec.containers{app}`."""
        return Subject(self, obj, part)

    def normal(self, obj: Object, reason: str, message: str, part: str = "") -> None:
        """Tell what is as it should be; `part` is the path of the field that is meant."""
        self._tell(NORMAL, obj, _Said(obj["metadata"]["uid"], part, reason, message))

    def warning(self, obj: Object, reason: str, message: str, part: str = "") -> None:
        """Tell what somebody should look at."""
        self._tell(WARNING, obj, _Said(obj["metadata"]["uid"], part, reason, message))

    def once(self, obj: Object, reason: str, message: str) -> None:
        """Tell what does not change, if it was not told before."""
        if not self._recorder.has_told(obj, reason):
            self.normal(obj, reason, message)

    def _tell(self, kind: str, obj: Object, said: _Said) -> None:
        metadata, now = obj["metadata"], timestamp()
        namespace = metadata.get("namespace") or "default"
        about = {name: obj[name] for name in ("apiVersion", "kind")} | {
            name: metadata[name]
            for name in ("name", "namespace", "uid", "resourceVersion")
            if name in metadata
        }
        event = {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "name": f"{metadata['name']}.{time.time_ns():x}",
                "namespace": namespace,
            },
            "involvedObject": about | ({"fieldPath": said.part} if said.part else {}),
            "type": kind,
            "reason": said.reason,
            "message": said.message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self._recorder.tell(said, event)


@contextlib.asynccontextmanager
async def recording(kube: Kube) -> AsyncIterator[Recorder]:
    """Write events for as long as the context lasts."""
    recorder = Recorder(kube)
    await recorder.adopt()
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
