"""The catalog as its readers see it: whole entities with their relations and their status, and an index to find them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.catalog import refs
from bot.sandbox.catalog.refs import Document
from bot.sandbox.catalog.store import Row, Store

_NOT_INDEXED = frozenset({"attachments", "relations", "status", "metadata.uid", "metadata.etag"})
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Final:
    """An entity with all that is known about it. The index has lower-case keys, and values as they were written."""

    ref: str
    uid: str
    entity: Document
    index: dict[str, list[str]]

    def values(self, key: str) -> list[str]:
        """The values at a path, in lower case: that is how all searching compares."""
        return [value.lower() for value in self.index.get(key.lower(), ())]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entities that ever were in order, by their references."""

    entities: dict[str, Final]
    parents: dict[str, list[str]]


class View:
    """Hands out the newest snapshot, and builds one only after a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._snapshot = Snapshot({}, {})

    def snapshot(self) -> Snapshot:
        if self._version != self._store.version:
            self._version = self._store.version
            self._snapshot = _built(self._store)
        return self._snapshot


def _built(store: Store) -> Snapshot:
    parents: dict[str, list[str]] = defaultdict(list)
    for source, target in store.edges():
        parents[target].append(source)
    relations: dict[str, list[dict[str, str]]] = defaultdict(list)
    for source, kind, target in store.relations():
        relations[source].append({"type": kind, "targetRef": target})
    entities = {
        row.ref: _final(row, relations[row.ref], is_orphan=row.ref not in parents)
        for row in store.rows()
        if row.processed is not None
    }
    return Snapshot(entities, dict(parents))


def _final(row: Row, relations: list[dict[str, str]], *, is_orphan: bool) -> Final:
    entity = dict(row.processed or {})
    metadata = dict(entity["metadata"])
    if is_orphan:
        metadata["annotations"] = metadata["annotations"] | {"backstage.io/orphan": "true"}
    entity |= {"metadata": metadata, "relations": relations}
    if row.errors:
        entity["status"] = {"items": [_status_item(error) for error in row.errors]}
    digest = hashlib.sha1(json.dumps(entity, sort_keys=True).encode(), usedforsecurity=False)
    metadata |= {"uid": row.uid, "etag": digest.hexdigest()}
    return Final(row.ref, row.uid, entity, _index(entity))


def _status_item(error: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "backstage.io/catalog-processing",
        "level": "error",
        "message": f"{error['name']}: {error['message']}",
        "error": error,
    }


def _index(entity: Document) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for key, value in _leaves("", entity):
        text = _text(value)
        if len(text) <= _LONGEST and text not in index[key.lower()]:
            index[key.lower()].append(text)
    metadata = entity["metadata"]
    index["metadata.uid"] = [metadata["uid"]]
    index["metadata.namespace"] = [metadata.get("namespace") or refs.DEFAULT_NAMESPACE]
    for relation in entity["relations"]:
        index[f"relations.{relation['type'].lower()}"].append(relation["targetRef"])
    return dict(index)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every scalar with its path; a text in a list also counts as a path of its own that is true."""
    if path in _NOT_INDEXED or value is None:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(path, item)
            if isinstance(item, str):
                yield f"{path}.{item}", True
    else:
        yield path, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
