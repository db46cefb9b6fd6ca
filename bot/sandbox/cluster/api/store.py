"""Keep the objects, and the history of their changes that watches resume from.

Everything lies in memory and in SQLite: a change is one transaction in a write-ahead log, so a killed process loses
nothing that was answered. Objects handed out are shared; whoever changes one copies it first.
"""

import json
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Object = dict[str, Any]

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS objects (
  grp TEXT, plural TEXT, namespace TEXT, name TEXT, body TEXT NOT NULL,
  PRIMARY KEY (grp, plural, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
  revision INTEGER PRIMARY KEY, type TEXT NOT NULL,
  grp TEXT NOT NULL, plural TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  body TEXT NOT NULL, previous TEXT
);
"""


class Key(NamedTuple):
    """Where an object lies, in whatever version it was written."""

    group: str
    plural: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the cluster's history."""

    revision: int
    type: str
    key: Key
    body: Object
    previous: Object | None


class TooOld(Exception):
    """The history asked for is no longer kept: list again."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"history starts at {oldest}")
        self.oldest = oldest


class Store:
    """All objects of one cluster, and the last changes to them."""

    def __init__(self, path: Path, *, history: int = 4000) -> None:
        self._history = history
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        self._objects: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self._changes: deque[Change] = deque()
        self._listeners: list[Callable[[Change], None]] = []
        self._untold: deque[Change] = deque()
        self._load()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @property
    def revision(self) -> int:
        """The cluster's resource version."""
        return self._changes[-1].revision if self._changes else 1

    def get(self, key: Key) -> Object | None:
        """Return the object under a key."""
        return self._objects.get((key.group, key.plural), {}).get((key.namespace, key.name))

    def of_kind(self, group: str, plural: str, namespace: str = "") -> list[Object]:
        """Return the objects of a kind, of one namespace or of all, in the order of their names."""
        found = self._objects.get((group, plural), {})
        return [found[place] for place in sorted(found) if namespace in ("", place[0])]

    def everything(self) -> Iterable[tuple[Key, Object]]:
        """Walk over all objects of all kinds."""
        for (group, plural), found in list(self._objects.items()):
            for (namespace, name), body in list(found.items()):
                yield Key(group, plural, namespace, name), body

    def put(self, key: Key, body: Object) -> Object:
        """Write an object under the next resource version, and return it as written."""
        previous = self.get(key)
        return self._commit("MODIFIED" if previous else "ADDED", key, body, previous)

    def remove(self, key: Key, body: Object) -> Object:
        """Remove an object, whose last state is the body."""
        return self._commit("DELETED", key, body, self.get(key))

    def since(self, revision: int) -> list[Change]:
        """Return the changes after a resource version.

        Raises:
            TooOld: some of them are forgotten.
        """
        if revision < self.oldest:
            raise TooOld(self.oldest)
        return [change for change in self._changes if change.revision > revision]

    @property
    def oldest(self) -> int:
        """The resource version from which on the history is whole."""
        return self._changes[0].revision - 1 if self._changes else 1

    def list_at(self, group: str, plural: str, revision: int) -> list[Object]:
        """Return the objects of a kind as they were, so that the pages of one list fit together.

        Raises:
            TooOld: the history does not reach back that far.
        """
        found = dict(self._objects.get((group, plural), {}))
        for change in reversed(self.since(revision)):
            if (change.key.group, change.key.plural) != (group, plural):
                continue
            place = (change.key.namespace, change.key.name)
            if change.previous is None:
                found.pop(place, None)
            else:
                found[place] = change.previous
        return [found[place] for place in sorted(found)]

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call the listener with each change from now on; the result stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _commit(self, kind: str, key: Key, body: Object, previous: Object | None) -> Object:
        revision = self.revision + 1
        metadata = body.get("metadata", {}) | {"resourceVersion": str(revision)}
        written = body | {"metadata": metadata}
        change = Change(revision, kind, key, written, previous)
        self._persist(change)
        self._remember(change)
        self._tell(change)
        return written

    def _tell(self, change: Change) -> None:
        """Let every listener see the changes in their order, those that a listener makes meanwhile included."""
        self._untold.append(change)
        if len(self._untold) > 1:
            return
        try:
            while self._untold:
                for listener in tuple(self._listeners):
                    listener(self._untold[0])
                self._untold.popleft()
        finally:
            self._untold.clear()

    def _persist(self, change: Change) -> None:
        body = _dump(change.body)
        previous = _dump(change.previous) if change.previous else None
        run = self._database.execute
        run("BEGIN IMMEDIATE")
        if change.type == "DELETED":
            run(
                "DELETE FROM objects WHERE (grp, plural, namespace, name) = (?, ?, ?, ?)",
                change.key,
            )
        else:
            run("REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", (*change.key, body))
        row = (change.revision, change.type, *change.key, body, previous)
        run("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        run("DELETE FROM changes WHERE revision <= ?", (change.revision - self._history,))
        run("COMMIT")

    def _remember(self, change: Change) -> None:
        found = self._objects.setdefault((change.key.group, change.key.plural), {})
        place = (change.key.namespace, change.key.name)
        if change.type == "DELETED":
            found.pop(place, None)
        else:
            found[place] = change.body
        self._changes.append(change)
        while len(self._changes) > self._history:
            self._changes.popleft()

    def _load(self) -> None:
        for group, plural, namespace, name, body in self._database.execute("SELECT * FROM objects"):
            found = self._objects.setdefault((group, plural), {})
            found[namespace, name] = json.loads(body)
        rows = self._database.execute("SELECT * FROM changes ORDER BY revision")
        for revision, kind, group, plural, namespace, name, body, previous in rows:
            key = Key(group, plural, namespace, name)
            before = json.loads(previous) if previous else None
            self._changes.append(Change(revision, kind, key, json.loads(body), before))


def _dump(body: Object) -> str:
    return json.dumps(body, separators=(",", ":"))
