"""The words that all Kubernetes objects share: keys, owners, conditions, timestamps."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Object = dict[str, Any]

_VOLATILE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")


class Key(NamedTuple):
    """Where an object of one kind is found; the namespace is empty where the kind has none."""

    namespace: str
    name: str


class Kind(NamedTuple):
    """What an object is, in its own words."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The API group; empty for the core's."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version without the group."""
        return self.api_version.rpartition("/")[2]


def key_of(obj: Object) -> Key:
    """Read where an object is."""
    return Key(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def kind_of(obj: Object) -> Kind:
    """Read what an object is."""
    return Kind(obj["apiVersion"], obj["kind"])


def annotations(obj: Object) -> dict[str, str]:
    """Read the annotations; none is an empty dictionary."""
    return obj["metadata"].get("annotations") or {}


def labels(obj: Object) -> dict[str, str]:
    """Read the labels; none is an empty dictionary."""
    return obj["metadata"].get("labels") or {}


def is_deleting(obj: Object) -> bool:
    """Whether somebody has asked for the object's end."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Object) -> Object | None:
    """Find the owner that controls the object."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def owner_reference(owner: Object) -> Object:
    """Say that `owner` controls an object, so that it goes when its owner goes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches(selector: Mapping[str, str], obj: Object) -> bool:
    """Whether the object carries all labels of an equality selector; an empty one selects nothing."""
    found = labels(obj)
    return bool(selector) and all(found.get(key) == value for key, value in selector.items())


def lasting(obj: Object) -> Object:
    """Leave out what the server writes by itself, and the status: what is left changes only by intent."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _VOLATILE}
    return {name: value for name, value in obj.items() if name != "status"} | {"metadata": metadata}


def digest(obj: Object) -> str:
    """Name an object by its content."""
    return hashlib.sha256(json.dumps(obj, sort_keys=True).encode()).hexdigest()


def timestamp(moment: datetime | None = None) -> str:
    """Write a time as Kubernetes does, to the second."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Read a time as Kubernetes writes it."""
    return datetime.fromisoformat(text)


def condition_of(obj: Object, kind: str) -> Object:
    """Find a condition by its type; one that is not there is empty."""
    found = (obj.get("status") or {}).get("conditions") or []
    return next((condition for condition in found if condition.get("type") == kind), {})


def with_conditions(existing: Iterable[Object], new: Iterable[Object]) -> list[Object]:
    """Put new conditions in place of old ones; the time of change moves only with the status."""
    by_type = {condition["type"]: condition for condition in existing}
    for condition in new:
        before = by_type.get(condition["type"], {})
        is_same = before.get("status") == condition["status"]
        changed = before.get("lastTransitionTime") if is_same else None
        by_type[condition["type"]] = condition | {"lastTransitionTime": changed or timestamp()}
    return list(by_type.values())
