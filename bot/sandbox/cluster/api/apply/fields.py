"""Take an object apart into the paths that field managers own, written as FieldsV1 writes them."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import shape

Path = tuple[str, ...]

UNOWNED = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "generation",
                "managedFields",
                "resourceVersion",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
            )
        ),
    }
)
"""What no manager owns: the server's own fields."""

_CONTAINER = object()
"""Stands for a member (a list item, a map's entry) whose own fields are listed beside it."""


def leaves(body: dict[str, Any], schema: Schema) -> dict[Path, Any]:
    """Return the value at every path that can be owned."""
    found = dict(_fields(body, schema, ()))
    return {path: value for path, value in found.items() if not is_unowned(path)}


def is_unowned(path: Path) -> bool:
    """Whether the path belongs to the server."""
    return path in UNOWNED or path[:2] in UNOWNED or path[:1] in (("f:apiVersion",), ("f:kind",))


def _fields(value: Any, schema: Schema, path: Path) -> Iterator[tuple[Path, Any]]:
    match shape.merging(schema, value):
        case shape.Merging.LEAF:
            yield path, value
        case shape.Merging.FIELDS:
            yield from _map_fields(value, schema, path)
        case shape.Merging.KEYED:
            for each in value:
                place = (*path, shape.item_key(schema, each))
                yield place, _CONTAINER
                yield from _fields(each, shape.item(schema), place)
        case shape.Merging.SET:
            for each in value:
                yield (*path, shape.set_key(each)), _CONTAINER


def _map_fields(value: dict[str, Any], schema: Schema, path: Path) -> Iterator[tuple[Path, Any]]:
    for name, each in value.items():
        place = (*path, f"f:{name}")
        is_entry = shape.declared(schema, name) is None
        if is_entry or each in ({}, []):
            yield place, _CONTAINER
        yield from _fields(each, shape.child(schema, name) or shape.ANYTHING, place)


def to_fields_v1(paths: frozenset[Path]) -> dict[str, Any]:
    """Write a set of paths as the tree that managedFields shows."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_leaf_dots(tree)


def _without_leaf_dots(tree: dict[str, Any]) -> dict[str, Any]:
    if list(tree) == ["."]:
        return {}
    return {name: _without_leaf_dots(child) if name != "." else {} for name, child in tree.items()}


def from_fields_v1(tree: dict[str, Any], path: Path = ()) -> frozenset[Path]:
    """Read the tree of managedFields as a set of paths."""
    found: set[Path] = set()
    for name, inner in tree.items():
        if name == ".":
            found.add(path)
            continue
        place = (*path, name)
        found |= from_fields_v1(inner, place) if inner else {place}
    return frozenset(found)


def shown(path: Path) -> str:
    """Write a path as messages do: `.spec.containers[name="web"].image`."""
    text = ""
    for element in path:
        mark, _, rest = element.partition(":")
        if mark == "f":
            text += f".{rest}"
        elif mark == "k":
            pairs = rest.strip("{}").split(",")
            text += "[" + ",".join(_shown_pair(pair) for pair in pairs) + "]"
        else:
            text += f"[={rest}]"
    return text


def _shown_pair(pair: str) -> str:
    name, _, value = pair.partition(":")
    return f"{name.strip(chr(34))}={value}"
