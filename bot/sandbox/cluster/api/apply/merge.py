"""Merge what a manager applies into the live object, and take out what it no longer applies."""

from typing import Any

from bot.sandbox.cluster.api.apply.fields import Path
from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import shape


def merged(live: Any, applied: Any, schema: Schema) -> Any:
    """Return the live value with the applied one laid over it."""
    if type(live) is not type(applied):
        return applied
    match shape.merging(schema, applied):
        case shape.Merging.FIELDS:
            inner = {
                name: merged(live.get(name), each, shape.child(schema, name) or shape.ANYTHING)
                for name, each in applied.items()
            }
            return live | inner
        case shape.Merging.KEYED:
            return _merged_items(live, applied, schema)
        case shape.Merging.SET:
            return [*live, *(each for each in applied if each not in live)]
        case _:
            return applied


def _merged_items(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    """Take the applied order where it names every item, else the live order with new items behind."""
    found = {shape.item_key(schema, each): each for each in live}
    inner = shape.item(schema)
    wanted = {}
    for each in applied:
        key = shape.item_key(schema, each)
        wanted[key] = merged(found[key], each, inner) if key in found else each
    if set(found) <= set(wanted):
        return list(wanted.values())
    return list((found | wanted).values())


def without(value: Any, paths: frozenset[Path], schema: Schema) -> Any:
    """Return the value without what lies at the paths; a container that this empties goes too."""
    match shape.merging(schema, value):
        case shape.Merging.FIELDS:
            return _without_fields(value, paths, schema)
        case shape.Merging.KEYED:
            return _without_items(value, paths, schema)
        case shape.Merging.SET:
            return [each for each in value if (shape.set_key(each),) not in paths]
        case _:
            return value


def _without_fields(
    value: dict[str, Any], paths: frozenset[Path], schema: Schema
) -> dict[str, Any]:
    kept = {}
    for name, each in value.items():
        mark = f"f:{name}"
        below = _below(paths, mark)
        if (mark,) in paths:
            continue
        rest = without(each, below, shape.child(schema, name) or shape.ANYTHING) if below else each
        if rest or rest == each:
            kept[name] = rest
    return kept


def _without_items(value: list[Any], paths: frozenset[Path], schema: Schema) -> list[Any]:
    kept = []
    for each in value:
        mark = shape.item_key(schema, each)
        if (mark,) in paths:
            continue
        keys = {(f"f:{name}",) for name in schema["x-kubernetes-list-map-keys"]}
        kept.append(without(each, _below(paths, mark) - keys, shape.item(schema)))
    return kept


def _below(paths: frozenset[Path], mark: str) -> frozenset[Path]:
    return frozenset(path[1:] for path in paths if len(path) > 1 and path[0] == mark)
