"""How a structural schema sees a value: which schema a child has, and how a list or a map merges."""

import enum
import json
from typing import Any

from bot.sandbox.cluster.api.resources import OPEN, Schema

ANYTHING: Schema = OPEN


class Merging(enum.Enum):
    """What server-side apply takes as one piece."""

    LEAF = "leaf"
    FIELDS = "fields"
    KEYED = "keyed"
    SET = "set"


def merging(schema: Schema, value: Any) -> Merging:
    """Tell how a value merges; outside the schema maps are granular and lists are one piece."""
    if isinstance(value, dict):
        is_atomic = schema.get("x-kubernetes-map-type") == "atomic"
        return Merging.LEAF if is_atomic else Merging.FIELDS
    if isinstance(value, list):
        match schema.get("x-kubernetes-list-type"):
            case "map":
                return Merging.KEYED
            case "set":
                return Merging.SET
    return Merging.LEAF


def is_open(schema: Schema) -> bool:
    """Whether fields that the schema does not name are kept."""
    return bool(
        schema.get("x-kubernetes-preserve-unknown-fields")
        or schema.get("additionalProperties") is True
    )


def declared(schema: Schema, name: str) -> Schema | None:
    """Return the schema that the field's name has of its own, where it has one."""
    found = schema.get("properties", {}).get(name)
    if found is not None:
        return dict_of(found)
    if schema.get("x-kubernetes-embedded-resource") and name in EMBEDDED:
        return EMBEDDED[name]
    return None


def child(schema: Schema, name: str) -> Schema | None:
    """Return the schema of a field, or None where the field is unknown."""
    if (own := declared(schema, name)) is not None:
        return own
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        return additional
    return ANYTHING if is_open(schema) else None


def item(schema: Schema) -> Schema:
    """Return the schema of a list's items."""
    return dict_of(schema.get("items"))


def item_key(schema: Schema, value: Any) -> str:
    """Name an item of a keyed list as FieldsV1 does: `k:{"name":"web"}`; absent keys have their default."""
    keys = {}
    for name in schema["x-kubernetes-list-map-keys"]:
        own = declared(item(schema), name) or {}
        keys[name] = value.get(name, own.get("default")) if isinstance(value, dict) else None
    return "k:" + json.dumps(keys, separators=(",", ":"), sort_keys=True)


def set_key(value: Any) -> str:
    """Name an item of a set as FieldsV1 does: `v:"a"`."""
    return "v:" + json.dumps(value, separators=(",", ":"))


def dict_of(schema: Any) -> Schema:
    """Take a schema that is absent, or just true, for one that allows all."""
    return schema if isinstance(schema, dict) else ANYTHING


EMBEDDED: dict[str, Schema] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
