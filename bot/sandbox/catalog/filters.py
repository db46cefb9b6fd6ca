"""What a caller asks to see: the `filter` and `fields` parameters, and the queries that are sent as JSON."""

from collections.abc import Sequence
from typing import Any

from bot.sandbox.catalog.errors import input_error
from bot.sandbox.catalog.refs import Document
from bot.sandbox.catalog.view import Final

Filter = dict[str, frozenset[str] | None]
"""Values wanted at each path (any of them); None asks that the path be there."""


def parsed(statements: Sequence[str]) -> tuple[Filter, ...]:
    """`a=b,c` parameters: within one all must hold, and of several one."""
    return tuple(_filter(text) for text in statements if text.strip())


def matches(final: Final, filters: Sequence[Filter]) -> bool:
    """Whether one of the filters lets the entity through; no filter lets all through."""
    return not filters or any(
        all(_holds(final, key, values) for key, values in each.items()) for each in filters
    )


def matches_query(final: Final, query: Any) -> bool:
    """Whether a JSON query lets the entity through: paths with values, `$all`, `$any`, `$not`, `$in`, `$exists`."""
    if not isinstance(query, dict):
        raise input_error("Invalid query, expected an object")
    return all(_condition(final, key, wanted) for key, wanted in query.items())


def picked(entity: Document, fields: Sequence[str]) -> Document:
    """The entity reduced to these paths; a key that has dots in it is found too."""
    if not fields:
        return entity
    out: Document = {}
    for field in fields:
        _pick(entity, field, out)
    return out


def _filter(text: str) -> Filter:
    out: dict[str, set[str] | None] = {}
    for statement in text.split(","):
        key, equals, value = (part.strip() for part in statement.partition("="))
        if not key:
            raise input_error(
                f"Invalid filter, '{statement}' is not a valid statement (expected a string on the form a=b or a= or a)"
            )
        values = out.setdefault(key, set() if equals else None)
        if equals and values is not None:
            values.add(value.lower())
    return {key: None if values is None else frozenset(values) for key, values in out.items()}


def _holds(final: Final, key: str, values: frozenset[str] | None) -> bool:
    found = final.values(key)
    return bool(found) if values is None else not values.isdisjoint(found)


def _condition(final: Final, key: str, wanted: Any) -> bool:
    match key:
        case "$all":
            return all(matches_query(final, each) for each in wanted)
        case "$any":
            return any(matches_query(final, each) for each in wanted)
        case "$not":
            return not matches_query(final, wanted)
    match wanted:
        case {"$exists": bool(exists)}:
            return bool(final.values(key)) is exists
        case {"$in": list(values)}:
            return _holds(final, key, frozenset(str(value).lower() for value in values))
        case str() | int() | float():
            return _holds(final, key, frozenset({str(wanted).lower()}))
    raise input_error(f"Invalid query, cannot match {key} with {wanted}")


def _pick(value: Any, path: str, out: Document) -> None:
    if not isinstance(value, dict):
        return
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        key, rest = ".".join(parts[:length]), ".".join(parts[length:])
        if key not in value:
            continue
        if not rest:
            out[key] = value[key]
        elif isinstance(value[key], dict):
            inner = out.get(key)
            kept: Document = dict(inner) if isinstance(inner, dict) else {}
            _pick(value[key], rest, kept)
            if kept:
                out[key] = kept
        return
