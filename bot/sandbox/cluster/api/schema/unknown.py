"""Find fields that a schema does not know, and drop them: pruning, and strict field validation."""

from typing import Any

from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import shape


def pruned(value: Any, schema: Schema) -> tuple[Any, list[str]]:
    """Return the value without unknown fields, and their paths."""
    unknown: list[str] = []
    return _pruned(value, schema, "", unknown), unknown


def _pruned(value: Any, schema: Schema, path: str, unknown: list[str]) -> Any:
    if isinstance(value, list):
        inner = shape.item(schema)
        return [_pruned(each, inner, f"{path}[{i}]", unknown) for i, each in enumerate(value)]
    if not isinstance(value, dict) or schema.get("x-kubernetes-int-or-string"):
        return value
    kept = {}
    for name, each in value.items():
        place = f"{path}.{name}" if path else name
        inner_or_none = shape.child(schema, name)
        if inner_or_none is None:
            unknown.append(place)
        else:
            kept[name] = _pruned(each, inner_or_none, place, unknown)
    return kept


def without_nulls(value: Any) -> Any:
    """Drop nulls as the decoder of a built-in kind does: a null field is an absent one."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
