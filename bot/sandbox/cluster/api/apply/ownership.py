"""Keep `managedFields` true: after an update, and after an apply with its conflicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.apply import fields, merge
from bot.sandbox.cluster.api.apply.fields import Path
from bot.sandbox.cluster.api.resources import Schema

Object = dict[str, Any]
Paths = frozenset[Path]


class Manager(NamedTuple):
    """One entry of managedFields; the same name applying and updating is two managers."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def shown(self) -> str:
        """The manager as a conflict names it."""
        if self.operation == "Apply":
            return f'"{self.name}"'
        using = f'"{self.name}" using {self.api_version}'
        return f"{using} subresource {self.subresource}" if self.subresource else using


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns, and since when."""

    paths: Paths
    time: str


Owners = Mapping[Manager, Owned]


def read(body: Object) -> Owners:
    """Return the owners that an object's managedFields name."""
    owners = {}
    for entry in body.get("metadata", {}).get("managedFields") or []:
        if not entry.get("manager"):
            continue
        manager = Manager(
            entry["manager"],
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        owned = fields.from_fields_v1(entry.get("fieldsV1") or {})
        owners[manager] = Owned(owned, entry.get("time", ""))
    return owners


def written(body: Object, owners: Owners) -> Object:
    """Return the object with these owners as its managedFields."""
    entries = [_entry(manager, owners[manager]) for manager in owners]
    metadata = {name: each for name, each in body["metadata"].items() if name != "managedFields"}
    if entries:
        metadata["managedFields"] = entries
    return body | {"metadata": metadata}


def _entry(manager: Manager, owned: Owned) -> Object:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.to_fields_v1(owned.paths),
    }
    return entry | ({"subresource": manager.subresource} if manager.subresource else {})


@dataclass(frozen=True, slots=True)
class Difference:
    """What an operation did to the fields of an object."""

    changed: Paths
    removed: Paths


def difference(old: Object, new: Object, schema: Schema) -> Difference:
    """Compare two states field by field."""
    before, after = fields.leaves(old, schema), fields.leaves(new, schema)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    return Difference(frozenset(changed), frozenset(before) - frozenset(after))


def after_update(
    owners: Owners, change: Difference, manager: Manager, *, now: str
) -> dict[Manager, Owned]:
    """Return the owners once the manager has taken what it changed from all others."""
    if not (change.changed or change.removed):
        return dict(owners)
    kept = _taken_from_others(owners, change, manager)
    own = owners[manager].paths if manager in owners else frozenset()
    paths = (own - change.removed) | change.changed
    if paths and paths != own:
        kept[manager] = Owned(paths, now)
    elif not paths:
        kept.pop(manager, None)
    return kept


def _taken_from_others(
    owners: Owners, change: Difference, manager: Manager
) -> dict[Manager, Owned]:
    kept = {}
    for other, owned in owners.items():
        paths = owned.paths
        if other != manager:
            paths = paths - change.changed - change.removed
        if paths:
            kept[other] = Owned(paths, owned.time)
    return kept


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of an apply."""

    body: Object
    owners: Owners


def apply(
    live: Object, wish: Object, schema: Schema, manager: Manager, *, force: bool, now: str
) -> Applied:
    """Lay a manager's wish over the live object and take out what it has dropped since its last one.

    Raises:
        Refusal: others own fields that would change, and force is off.
    """
    owners = dict(read(live))
    last = owners[manager].paths if manager in owners else frozenset()
    wanted = frozenset(fields.leaves(wish, schema))
    others = {other: owned for other, owned in owners.items() if other != manager}
    body = merge.merged(live, wish, schema)
    body = merge.without(body, _droppable(last - wanted, others, wanted), schema)
    change = difference(live, body, schema)
    if not force:
        _refuse_conflicts(others, change)
    unchanged = manager in owners and last == wanted
    time = owners[manager].time if unchanged else now
    kept = _taken_from_others(others, change, manager)
    if wanted:
        kept[manager] = Owned(wanted, time)
    return Applied(body, kept)


def _droppable(dropped: Paths, others: Owners, wanted: Paths) -> Paths:
    """Leave what another manager owns, or owns something inside of."""
    needed = set(wanted)
    for owned in others.values():
        needed |= owned.paths
    prefixes = {path[:length] for path in needed for length in range(1, len(path) + 1)}
    return frozenset(path for path in dropped if path not in prefixes)


def _refuse_conflicts(others: Owners, change: Difference) -> None:
    found = [
        (other.shown, fields.shown(path))
        for other, owned in others.items()
        for path in sorted(owned.paths & change.changed)
    ]
    if found:
        raise refusals.apply_conflict(found)
