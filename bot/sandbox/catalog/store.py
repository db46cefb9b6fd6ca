"""What the catalog remembers: registered locations, entities and how they hang together, in one SQLite file."""

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.catalog.refs import Document

_SCHEMA = """
CREATE TABLE IF NOT EXISTS locations (
    id TEXT PRIMARY KEY, target TEXT NOT NULL UNIQUE, ref TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS creations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entities (
    ref TEXT PRIMARY KEY, uid TEXT NOT NULL, location_key TEXT NOT NULL, unprocessed TEXT NOT NULL,
    processed TEXT, errors TEXT NOT NULL DEFAULT '[]', cache TEXT NOT NULL DEFAULT '{}', due REAL);
CREATE TABLE IF NOT EXISTS edges (
    source TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (source, target));
CREATE INDEX IF NOT EXISTS edges_by_target ON edges (target);
CREATE TABLE IF NOT EXISTS relations (
    origin TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS relations_by_origin ON relations (origin);
"""


@dataclass(frozen=True, slots=True)
class Location:
    """A registered location; `ref` is the Location entity that stands for it."""

    id: str
    target: str
    ref: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "type": "url", "target": self.target, "entityRef": self.ref}


@dataclass(frozen=True, slots=True)
class Row:
    """An entity on its way: as it was read, and as it was when it last was in order."""

    ref: str
    uid: str
    unprocessed: Document
    processed: Document | None
    errors: list[dict[str, Any]]
    cache: dict[str, Any]
    due: float | None


class Store:
    """The database. `version` grows with each change, so that readers know what they may keep."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.version = 0
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.executescript(_SCHEMA)

    def close(self) -> None:
        self.db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing, whenever the process dies."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
        self.version += 1

    def locations(self) -> list[Location]:
        return [_location(row) for row in self.db.execute("SELECT * FROM locations ORDER BY rowid")]

    def location(self, key: str) -> Location | None:
        """By its id or by its target."""
        row = self.db.execute(
            "SELECT * FROM locations WHERE id = ? OR target = ?", (key, key)
        ).fetchone()
        return _location(row) if row else None

    def add_location(self, target: str, ref: str) -> Location:
        """Register a target that is not registered yet, and count it."""
        location = Location(str(uuid.uuid4()), target, ref)
        self.db.execute("INSERT INTO locations VALUES (?, ?, ?)", (location.id, target, ref))
        self.db.execute("INSERT INTO creations (target) VALUES (?)", (target,))
        return location

    def created_targets(self) -> list[str]:
        """Each location that was ever registered, in order, also those deleted since."""
        rows = self.db.execute("SELECT target FROM creations ORDER BY number")
        return [row["target"] for row in rows]

    def rows(self) -> list[Row]:
        return [_row(row) for row in self.db.execute("SELECT * FROM entities ORDER BY ref")]

    def row(self, ref: str) -> Row | None:
        row = self.db.execute("SELECT * FROM entities WHERE ref = ?", (ref,)).fetchone()
        return _row(row) if row else None

    def due(self, now: float) -> list[Row]:
        """The entities whose next round has come, in the order in which they came in."""
        found = self.db.execute("SELECT * FROM entities WHERE due <= ? ORDER BY rowid", (now,))
        return [_row(row) for row in found]

    def next_due(self) -> float | None:
        value: float | None = self.db.execute("SELECT min(due) FROM entities").fetchone()[0]
        return value

    def edges(self) -> list[tuple[str, str]]:
        """Who brings in whom: a location's id or an entity's reference, and the reference that it brings."""
        return [(row["source"], row["target"]) for row in self.db.execute("SELECT * FROM edges")]

    def relations(self) -> list[tuple[str, str, str]]:
        """Source, type and target of each relation, once."""
        found = self.db.execute(
            "SELECT DISTINCT source, type, target FROM relations ORDER BY source, type, target"
        )
        return [(row["source"], row["type"], row["target"]) for row in found]


def _location(row: sqlite3.Row) -> Location:
    return Location(row["id"], row["target"], row["ref"])


def _row(row: sqlite3.Row) -> Row:
    return Row(
        ref=row["ref"],
        uid=row["uid"],
        unprocessed=json.loads(row["unprocessed"]),
        processed=json.loads(row["processed"]) if row["processed"] else None,
        errors=json.loads(row["errors"]),
        cache=json.loads(row["cache"]),
        due=row["due"],
    )
