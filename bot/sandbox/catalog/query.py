"""Lists of entities, page by page."""

import base64
import binascii
import dataclasses
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.catalog import filters
from bot.sandbox.catalog.errors import input_error
from bot.sandbox.catalog.view import Final, Snapshot

DEFAULT_LIMIT = 200
_LAST = "\U0010ffff"  # sorts after every value, as a missing one does

Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; a cursor is this very thing, with the place to go on from."""

    filter: tuple[str, ...] = ()
    query: dict[str, Any] | None = None
    order: str = ""
    descending: bool = False
    term: str = ""
    term_fields: tuple[str, ...] = ()
    after: Position | None = None

    def cursor(self, after: Position) -> str:
        """The way to the next page, opaque to the caller."""
        state = dataclasses.asdict(dataclasses.replace(self, after=after))
        return base64.b64encode(json.dumps(state).encode()).decode()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entities, how many there are on all pages, and the way to the next one."""

    items: tuple[Final, ...]
    total: int
    next_cursor: str = ""


def from_cursor(cursor: str) -> Query:
    """Go on where a page ended."""
    try:
        state = json.loads(base64.b64decode(cursor, validate=True))
        after = state.pop("after")
        for name in ("filter", "term_fields"):
            state[name] = tuple(state[name])
        return Query(**state, after=(after[0], after[1]))
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise input_error("Malformed cursor, could not be parsed") from error


def run(snapshot: Snapshot, query: Query, *, limit: int, offset: int = 0) -> Page:
    """The page that the query asks for."""
    found = selected(snapshot, query.filter, query.query)
    if query.term.strip():
        # Without fields Backstage looks in the order field, and without one of those in the uid alone.
        where = query.term_fields or (query.order or "metadata.uid",)
        like = _like(query.term.strip().lower())
        found = [each for each in found if _contains(each, where, like)]
    ordered = sorted(found, key=lambda each: _position(each, query))
    if query.descending:
        ordered = _descending(ordered, query)
    rest = _after(ordered, query)[offset:]
    page = rest[:limit]
    more = query.cursor(_position(page[-1], query)) if page and len(rest) > limit else ""
    return Page(tuple(page), len(found), more)


def selected(
    snapshot: Snapshot, statements: Sequence[str], query: dict[str, Any] | None = None
) -> list[Final]:
    """All entities that the filters and the query let through, by reference."""
    wanted = filters.parsed(statements)
    return [
        final
        for final in snapshot.entities.values()
        if filters.matches(final, wanted) and (query is None or filters.matches_query(final, query))
    ]


def facets(found: Sequence[Final], names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """How often each value stands at each path."""
    out: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        counted = Counter(value for each in found for value in each.index.get(name.lower(), ()))
        out[name] = [{"value": value, "count": counted[value]} for value in sorted(counted)]
    return out


def _like(term: str) -> re.Pattern[str]:
    """The term as SQL's LIKE takes it, unescaped: `%` is any text and `_` any one character."""
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(char) or re.escape(char) for char in term), re.DOTALL)


def _contains(final: Final, fields: Sequence[str], like: re.Pattern[str]) -> bool:
    return any(like.search(value) for field in fields for value in final.values(field))


def _position(final: Final, query: Query) -> Position:
    if not query.order:
        return "", final.uid
    values = final.values(query.order)
    return (min(values) if values else _LAST), final.uid


def _descending(ordered: list[Final], query: Query) -> list[Final]:
    """Backwards, with those that have no value still at the end."""
    without = [each for each in ordered if _position(each, query)[0] == _LAST]
    return [each for each in reversed(ordered) if each not in without] + without


def _after(ordered: list[Final], query: Query) -> list[Final]:
    if query.after is None:
        return ordered
    past, uid = query.after
    uids = [each.uid for each in ordered]
    if uid in uids:
        return ordered[uids.index(uid) + 1 :]
    if query.descending:
        return [each for each in ordered if _position(each, query)[0] < past]
    return [each for each in ordered if _position(each, query) > (past, uid)]
