"""Watches over plain HTTP: nothing missed, nothing twice, and an end when it was promised."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.sandbox.cluster.api.store import Key, Store, TooOld
from tests.contract.cluster_clients import CONFIG_MAPS, World, a_config_map, a_world, seeded, world

__all__ = ["seeded", "world"]

Event = dict[str, Any]


@contextlib.asynccontextmanager
async def a_watch(world: World, **query: str) -> AsyncIterator[AsyncIterator[Event]]:
    """Watch config maps."""
    params = {"watch": "true", "timeoutSeconds": "3", **query}
    async with world.http.stream("GET", CONFIG_MAPS, params=params) as answer:

        async def events() -> AsyncIterator[Event]:
            async for line in answer.aiter_lines():
                yield json.loads(line)

        yield events()


def shown(event: Event) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


async def test_a_watch_resumes_after_the_version_seen_and_goes_on(world: World) -> None:
    seen = await world.create(CONFIG_MAPS, a_config_map("seen"))
    await world.create(CONFIG_MAPS, a_config_map("missed"))

    async with a_watch(world, resourceVersion=seen["metadata"]["resourceVersion"]) as events:
        missed = await anext(events)
        await world.patch(f"{CONFIG_MAPS}/seen", {"data": {"a": "2"}})
        changed = await anext(events)
        await world.http.delete(f"{CONFIG_MAPS}/missed")
        deleted = await anext(events)

    assert shown(missed) == ("ADDED", "missed")
    assert shown(changed) == ("MODIFIED", "seen")
    assert shown(deleted) == ("DELETED", "missed")


async def test_a_watch_without_a_version_begins_with_what_is_there(world: World) -> None:
    await world.create(CONFIG_MAPS, a_config_map("there"))

    async with a_watch(world) as events:
        assert shown(await anext(events)) == ("ADDED", "there")


async def test_streamed_lists_end_with_a_bookmark(world: World) -> None:
    await world.create(CONFIG_MAPS, a_config_map("there"))

    async with a_watch(world, sendInitialEvents="true", allowWatchBookmarks="true") as events:
        first, end = await anext(events), await anext(events)

    assert shown(first) == ("ADDED", "there")
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_an_object_that_leaves_the_selection_is_deleted_to_its_watcher(world: World) -> None:
    labelled = a_config_map("c") | {"metadata": {"name": "c", "labels": {"x": "1"}}}

    async with a_watch(world, labelSelector="x=1", resourceVersion="") as events:
        await world.create(CONFIG_MAPS, labelled)
        added = await anext(events)
        await world.patch(f"{CONFIG_MAPS}/c", {"metadata": {"labels": {"x": "2"}}})
        left = await anext(events)

    assert shown(added) == ("ADDED", "c")
    assert shown(left) == ("DELETED", "c")


async def test_a_watch_ends_at_its_timeout(world: World) -> None:
    async with asyncio.timeout(3), a_watch(world, timeoutSeconds="1") as events:
        assert [event async for event in events] == []


async def test_a_version_from_the_future_is_refused(world: World) -> None:
    answer = await world.http.get(
        CONFIG_MAPS, params={"watch": "true", "resourceVersion": "999999"}
    )

    assert answer.status_code == 504
    assert "Too large resource version" in answer.json()["message"]


async def test_open_watches_do_not_hold_up_a_server_that_stops(tmp_path: Path) -> None:
    async with asyncio.timeout(5), a_world(tmp_path) as world, a_watch(world) as events:
        await world.create(CONFIG_MAPS, a_config_map())
        await anext(events)


async def test_a_watch_resumes_across_a_restart(tmp_path: Path) -> None:
    async with a_world(tmp_path) as before:
        seen = await before.create(CONFIG_MAPS, a_config_map("seen"))
        await before.create(CONFIG_MAPS, a_config_map("missed"))

    async with (
        a_world(tmp_path) as after,
        a_watch(after, resourceVersion=seen["metadata"]["resourceVersion"]) as events,
    ):
        assert shown(await anext(events)) == ("ADDED", "missed")


def test_history_is_kept_for_a_while_and_then_called_too_old(tmp_path: Path) -> None:
    store = Store(tmp_path / "db", history=3)
    for number in range(6):
        store.put(Key("", "configmaps", "default", f"c{number}"), {"metadata": {}})

    recent = store.since(store.revision - 2)
    try:
        store.since(2)
        is_refused = False
    except TooOld:
        is_refused = True
    store.close()

    assert [change.key.name for change in recent] == ["c4", "c5"]
    assert is_refused


async def test_what_is_forgotten_is_a_410_to_watchers_and_pagers(tmp_path: Path) -> None:
    async with a_world(tmp_path) as before:
        for name in ("a", "b", "c"):
            await before.create(CONFIG_MAPS, a_config_map(name))
        page = (await before.http.get(CONFIG_MAPS, params={"limit": "1"})).json()["metadata"]
        await before.create(CONFIG_MAPS, a_config_map("d"))
        await before.create(CONFIG_MAPS, a_config_map("e"))
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "cluster.sqlite")) as database:
        database.execute("DELETE FROM changes WHERE revision < (SELECT max(revision) FROM changes)")
        database.commit()

    async with a_world(tmp_path) as after:
        async with a_watch(after, resourceVersion=page["resourceVersion"]) as events:
            refused = await anext(events)
        query = {"limit": "1", "continue": page["continue"]}
        next_page = await after.http.get(CONFIG_MAPS, params=query)

    assert refused["type"] == "ERROR"
    assert (refused["object"]["code"], refused["object"]["reason"]) == (410, "Expired")
    assert (next_page.status_code, next_page.json()["reason"]) == (410, "Expired")
