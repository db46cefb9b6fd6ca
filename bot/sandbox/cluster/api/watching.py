"""Stream the changes of a kind: those since a resource version, then those to come."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from bot.sandbox.cluster.api import refusals, selectors
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.store import Change, TooOld

Object = dict[str, Any]
Event = tuple[str, Object]

_BOOKMARK_SECONDS = 60.0
_SHORTEST_SECONDS = 1800
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watches:
    """The streams that are open, so that a stopping server can end them."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Change | None]] = set()

    def close(self) -> None:
        """End all streams, as a server does that goes away."""
        for queue in self._queues:
            queue.put_nowait(None)

    async def events(self, cluster: Cluster, call: Call) -> AsyncIterator[Event]:
        """Yield typed events until the client's timeout.

        The queue is filled before the backlog is read and both happen without a pause in between, so nothing is
        missed and nothing comes twice.
        """
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        select = _selection(call)
        stop = cluster.store.listen(queue.put_nowait)
        self._queues.add(queue)
        try:
            for event in _backlog(cluster, call):
                yield event
            async with contextlib.aclosing(_changes(queue, call)) as changes:
                async for change in changes:
                    if change is None:
                        yield "BOOKMARK", _bookmark(call, cluster.store.revision)
                    elif (selected := select(change)) is not None:
                        yield selected
        finally:
            stop()
            self._queues.discard(queue)


async def _changes(
    queue: asyncio.Queue[Change | None], call: Call
) -> AsyncGenerator[Change | None, None]:
    """Yield each change, and None when a bookmark is due; None in the queue ends it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _seconds(call)
    while (left := end - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(left, _BOOKMARK_SECONDS)):
                change = await queue.get()
        except TimeoutError:
            if _wants_bookmarks(call) and left > _BOOKMARK_SECONDS:
                yield None
            continue
        if change is None:
            return
        yield change


def _seconds(call: Call) -> float:
    asked = call.number("timeoutSeconds", 0)
    return asked or _SHORTEST_SECONDS * (1 + random.random())  # noqa: S311 - spreads reconnects


def _wants_bookmarks(call: Call) -> bool:
    return call.query.get("allowWatchBookmarks") == "true"


def check(cluster: Cluster, call: Call) -> None:
    """Refuse what cannot be watched before the stream begins.

    Raises:
        Refusal: a selector or the resource version cannot be read.
    """
    selectors.of_call(call)
    call.number("timeoutSeconds", 0)
    asked = call.number("resourceVersion", 0)
    if asked > cluster.store.revision:
        message = f"Too large resource version: {asked}, current: {cluster.store.revision}"
        raise refusals.timeout(message)


def _backlog(cluster: Cluster, call: Call) -> list[Event]:
    """Return what the client has not seen; version 0, or none, asks for all that is there."""
    asked = call.number("resourceVersion", 0)
    wants_initial = call.query.get("sendInitialEvents") == "true"
    if not asked or wants_initial:
        return _initial(cluster, call, wants_end=wants_initial)
    try:
        changes = cluster.store.since(asked)
    except TooOld as error:
        return [("ERROR", refusals.expired(asked, error.oldest).status())]
    select = _selection(call)
    return [event for change in changes if (event := select(change)) is not None]


def _initial(cluster: Cluster, call: Call, *, wants_end: bool) -> list[Event]:
    matches = selectors.of_call(call)
    items = cluster.store.of_kind(call.resource.group, call.resource.plural, call.namespace)
    events = [("ADDED", _versioned(call, item)) for item in items if matches(item)]
    if wants_end:
        bookmark = _bookmark(call, cluster.store.revision)
        bookmark["metadata"]["annotations"] = _INITIAL_END
        events.append(("BOOKMARK", bookmark))
    return events


def _bookmark(call: Call, revision: int) -> Object:
    return {
        "kind": call.resource.kind,
        "apiVersion": call.resource.api_version,
        "metadata": {"resourceVersion": str(revision), "creationTimestamp": None},
    }


def _versioned(call: Call, item: Object) -> Object:
    return item | {"apiVersion": call.resource.api_version}


def _selection(call: Call) -> Callable[[Change], Event | None]:
    """Return how a change looks to this watcher: an object that leaves its selection is deleted to it."""
    matches = selectors.of_call(call)
    kind = (call.resource.group, call.resource.plural)

    def select(change: Change) -> Event | None:
        if (change.key.group, change.key.plural) != kind:
            return None
        if call.namespace not in ("", change.key.namespace):
            return None
        was = change.previous is not None and matches(change.previous)
        now = change.type != "DELETED" and matches(change.body)
        if not (was or now):
            return None
        name = "MODIFIED" if was and now else "ADDED" if now else "DELETED"
        return name, _versioned(call, change.body)

    return select
