"""How a round's outcome changes what the catalog remembers: who brings in whom, and who is left alone."""

import json
import sqlite3
import time
import uuid
from collections.abc import Iterable

from bot.sandbox.catalog.processing import Child, Outcome
from bot.sandbox.catalog.store import Location, Row, Store


def register(store: Store, child: Child, target: str) -> Location:
    """Accept a location: its file will be read later, and nobody checks it now."""
    with store.transaction() as db:
        location = store.add_location(target, child.ref)
        _adopt(db, location.id, (child,))
    return location


def unregister(store: Store, location: Location) -> None:
    """Forget a location with everything that came in through it and through nothing else."""
    with store.transaction() as db:
        db.execute("DELETE FROM locations WHERE id = ?", (location.id,))
        left = _children(db, location.id)
        db.execute("DELETE FROM edges WHERE source = ?", (location.id,))
        while left:
            alone = [ref for ref in left if not _parents(db, ref)]
            left = [child for ref in alone for child in _children(db, ref)]
            _forget(db, alone)


def commit(store: Store, row: Row, outcome: Outcome, *, due: float | None) -> None:
    """Keep a round's outcome, unless the entity was forgotten meanwhile.

    After a round with errors the old state stands, with the errors beside it. A refresh that was asked for while the
    round ran has moved `due` already, and stands too.
    """
    errors = json.dumps([problem.as_json() for problem in outcome.errors])
    with store.transaction() as db:
        found = db.execute(
            "UPDATE entities SET errors = ?, due = CASE WHEN due IS ? THEN ? ELSE due END WHERE ref = ? AND uid = ?",
            (errors, row.due, due, row.ref, row.uid),
        )
        if not found.rowcount or outcome.errors:
            return
        db.execute(
            "UPDATE entities SET processed = ?, cache = ? WHERE ref = ?",
            (json.dumps(outcome.entity), json.dumps(outcome.cache), row.ref),
        )
        _replace_relations(db, row.ref, outcome)
        _replace_children(db, row.ref, outcome)


def refresh(store: Store, ref: str) -> bool:
    """Have an entity and the Location that it came from read again; False when there is no such entity."""
    if store.row(ref) is None:
        return False
    with store.transaction() as db:
        again = [ref, *_nearest_location(db, ref)]
        _mark_due(db, again)
    return True


def remove_entity(store: Store, uid: str) -> bool:
    """Delete one entity, which its location will bring back; False when there is none."""
    with store.transaction() as db:
        row = db.execute("SELECT ref FROM entities WHERE uid = ?", (uid,)).fetchone()
        if row:
            _forget(db, [row["ref"]], keep_incoming=True)
    return row is not None


def remove_orphans(store: Store) -> int:
    """Delete the entities that nothing brings in any more; what they brought in is next round's."""
    found = store.db.execute(
        "SELECT ref FROM entities WHERE ref NOT IN (SELECT target FROM edges)"
    ).fetchall()
    if found:
        with store.transaction() as db:
            _forget(db, [row["ref"] for row in found])
    return len(found)


def _adopt(db: sqlite3.Connection, source: str, children: Iterable[Child]) -> None:
    """Take children in; a reference that another location defines stays with that one, silently."""
    for child in children:
        content = json.dumps(child.entity)
        row = db.execute(
            "SELECT location_key, unprocessed FROM entities WHERE ref = ?", (child.ref,)
        ).fetchone()
        if row and row["location_key"] != child.location_key:
            continue
        if row is None:
            db.execute(
                "INSERT INTO entities (ref, uid, location_key, unprocessed, due) VALUES (?, ?, ?, ?, ?)",
                (child.ref, str(uuid.uuid4()), child.location_key, content, time.time()),
            )
        elif row["unprocessed"] != content:
            db.execute(
                "UPDATE entities SET unprocessed = ?, due = ? WHERE ref = ?",
                (content, time.time(), child.ref),
            )
        db.execute("INSERT OR IGNORE INTO edges VALUES (?, ?)", (source, child.ref))


def _replace_children(db: sqlite3.Connection, ref: str, outcome: Outcome) -> None:
    db.execute("DELETE FROM edges WHERE source = ?", (ref,))
    _adopt(db, ref, outcome.children)


def _replace_relations(db: sqlite3.Connection, ref: str, outcome: Outcome) -> None:
    db.execute("DELETE FROM relations WHERE origin = ?", (ref,))
    db.executemany(
        "INSERT INTO relations VALUES (?, ?, ?, ?)",
        [(ref, each.source, each.type, each.target) for each in outcome.relations],
    )


def _forget(db: sqlite3.Connection, refs: list[str], *, keep_incoming: bool = False) -> None:
    for ref in refs:
        db.execute("DELETE FROM entities WHERE ref = ?", (ref,))
        db.execute("DELETE FROM relations WHERE origin = ?", (ref,))
        db.execute("DELETE FROM edges WHERE source = ?", (ref,))
        if not keep_incoming:
            db.execute("DELETE FROM edges WHERE target = ?", (ref,))


def _children(db: sqlite3.Connection, source: str) -> list[str]:
    return [
        row["target"] for row in db.execute("SELECT target FROM edges WHERE source = ?", (source,))
    ]


def _parents(db: sqlite3.Connection, ref: str) -> list[str]:
    return [
        row["source"] for row in db.execute("SELECT source FROM edges WHERE target = ?", (ref,))
    ]


def _nearest_location(db: sqlite3.Connection, ref: str) -> list[str]:
    seen = level = [ref]
    while level:
        level = [parent for each in level for parent in _parents(db, each) if parent not in seen]
        if found := [parent for parent in level if parent.startswith("location:")]:
            return found
        seen = seen + level
    return []


def _mark_due(db: sqlite3.Connection, refs: list[str]) -> None:
    db.executemany(
        "UPDATE entities SET due = ? WHERE ref = ?", [(time.time(), ref) for ref in refs]
    )
