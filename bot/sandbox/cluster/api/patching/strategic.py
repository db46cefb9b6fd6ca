"""Strategic merge patch: a merge patch that knows the keys of lists, with its `$` directives."""

from typing import Any

from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import shape

_ORDER = "$setElementOrder/"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"
_DIRECTIVE = "$patch"


def patched(live: Any, patch: Any, schema: Schema) -> Any:
    """Return the live value with the patch laid over it."""
    if isinstance(patch, dict):
        return _patched_map(live if isinstance(live, dict) else {}, patch, schema)
    if isinstance(patch, list):
        return _patched_list(live if isinstance(live, list) else [], patch, schema)
    return patch


def _patched_map(live: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    if directive == "delete":
        return {}
    result = {} if directive == "replace" else dict(live)
    if _RETAIN in patch:
        result = {name: each for name, each in result.items() if name in patch[_RETAIN]}
    for name, each in patch.items():
        if name.startswith("$"):
            continue
        if each is None:
            result.pop(name, None)
        else:
            inner = shape.child(schema, name) or shape.ANYTHING
            result[name] = patched(result.get(name), each, inner)
    return _directed(result, patch, schema)


def _directed(result: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Carry out what stands beside the fields: deletions from plain lists, and the order of items."""
    for directive, wanted in patch.items():
        if directive.startswith(_DELETE_PRIMITIVES):
            name = directive.removeprefix(_DELETE_PRIMITIVES)
            result[name] = [each for each in result.get(name, []) if each not in wanted]
        elif directive.startswith(_ORDER) and directive.removeprefix(_ORDER) in result:
            name = directive.removeprefix(_ORDER)
            inner = shape.child(schema, name) or shape.ANYTHING
            result[name] = _ordered(result[name], wanted, inner.get("x-kubernetes-patch-merge-key"))
    return result


def _ordered(items: list[Any], wanted: list[Any], key: str | None) -> list[Any]:
    def identity(each: Any) -> Any:
        return each.get(key) if key and isinstance(each, dict) else each

    places = [identity(each) for each in wanted]
    known = [each for each in items if identity(each) in places]
    others = [each for each in items if identity(each) not in places]
    return sorted(known, key=lambda each: places.index(identity(each))) + others


def _patched_list(live: list[Any], patch: list[Any], schema: Schema) -> list[Any]:
    if schema.get("x-kubernetes-patch-strategy") != "merge":
        return patch
    if any(isinstance(each, dict) and each.get(_DIRECTIVE) == "replace" for each in patch):
        return [each for each in patch if _DIRECTIVE not in each]
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return [*live, *(each for each in patch if each not in live)]
    return _patched_items(live, patch, schema, key)


def _patched_items(live: list[Any], patch: list[Any], schema: Schema, key: str) -> list[Any]:
    found = {each.get(key): each for each in live}
    for each in patch:
        name = each.get(key)
        if each.get(_DIRECTIVE) == "delete":
            found.pop(name, None)
        else:
            found[name] = patched(found.get(name), each, shape.item(schema))
    return list(found.values())
