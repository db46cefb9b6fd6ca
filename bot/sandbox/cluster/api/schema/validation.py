"""Check a value against a structural schema and name every field at fault, in the API server's words."""

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import limits, shape

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def faults(value: Any, schema: Schema, path: str = "") -> list[Cause]:
    """Return all that is wrong; none for a valid value."""
    return list(_faults(value, schema, path))


def _faults(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    if not _has_type(value, schema):
        yield _type_fault(value, schema, path)
        return
    yield from limits.faults(value, schema, path)
    yield from _combined(value, schema, path)
    if isinstance(value, dict):
        yield from _object_faults(value, schema, path)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, path)


def _has_type(value: Any, schema: Schema) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str) and not isinstance(value, bool)
    wanted = schema.get("type")
    if wanted not in _TYPES:
        return True
    if isinstance(value, bool):
        return bool(wanted == "boolean")
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[wanted])


def _type_fault(value: Any, schema: Schema, path: str) -> Cause:
    wanted = "integer,string" if schema.get("x-kubernetes-int-or-string") else schema["type"]
    message = (
        f"Invalid value: {_named(value)}: {path} in body must be of type {wanted}: {_named(value)}"
    )
    return Cause(path, "FieldValueTypeInvalid", message)


def _named(value: Any) -> str:
    for name, types in (("boolean", bool), ("integer", int), ("number", float), ("string", str)):
        if isinstance(value, types):
            return json.dumps(name)
    return '"null"' if value is None else '"object"' if isinstance(value, dict) else '"array"'


def _object_faults(value: dict[str, Any], schema: Schema, path: str) -> Iterator[Cause]:
    prefix = f"{path}." if path else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield Cause(f"{prefix}{name}", "FieldValueRequired", "Required value")
    for name, each in value.items():
        inner = shape.child(schema, name)
        if inner is not None:
            yield from _faults(each, inner, f"{prefix}{name}")


def _list_faults(value: list[Any], schema: Schema, path: str) -> Iterator[Cause]:
    inner = shape.item(schema)
    for index, each in enumerate(value):
        yield from _faults(each, inner, f"{path}[{index}]")
    seen: set[str] = set()
    for index, each in enumerate(value):
        key = _identity(each, schema)
        if key in seen:
            message = f"Duplicate value: {key.partition(':')[2]}"
            yield Cause(f"{path}[{index}]", "FieldValueDuplicate", message)
        if key:
            seen.add(key)


def _identity(value: Any, schema: Schema) -> str:
    match schema.get("x-kubernetes-list-type"):
        case "map":
            return shape.item_key(schema, value)
        case "set":
            return shape.set_key(value)
    return ""


def _combined(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    for part in schema.get("allOf", ()):
        yield from _faults(value, part, path)
    if (forbidden := schema.get("not")) is not None and not faults(value, forbidden, path):
        yield _combination_fault(path, "must not validate the schema (not)")
    any_of = schema.get("anyOf")
    if any_of and all(faults(value, part, path) for part in any_of):
        yield _combination_fault(path, "must validate at least one schema (anyOf)")
    one_of = schema.get("oneOf")
    if one_of and sum(not faults(value, part, path) for part in one_of) != 1:
        yield _combination_fault(path, "must validate one and only one schema (oneOf)")


def _combination_fault(path: str, rule: str) -> Cause:
    where = path or "<nil>"
    return Cause(where, "FieldValueInvalid", f'Invalid value: "": "{path}" {rule}')
