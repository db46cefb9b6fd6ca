"""The words in which Block Kit's rules are written: small checks that combine."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that Slack would refuse, and where it stands."""

    pointer: str
    code: str
    message: str
    constraint: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """Word it as Slack's `response_metadata.messages` do."""
        return f"{self.message} [json-pointer:{self.pointer}]"

    def entry(self) -> dict[str, Any]:
        """Word it as an entry of the `errors` of blocks.validate."""
        entry = {"pointer": self.pointer, "code": self.code, "message": self.message}
        return {**entry, **self.constraint}


Found = Iterator[Problem]
Check = Callable[[Any, str], Found]


def string(low: int = 0, high: int = 0, *, pattern: str = "", shown: str = "") -> Check:
    """Accept a text of so many characters, written in a certain way."""

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, str):
            yield Problem(at, "wrong_type", "must be a string")
        elif len(value) < low:
            limit = {"min_length": low}
            yield Problem(at, "too_short", f"must be more than {low - 1} characters", limit)
        elif high and len(value) > high:
            limit = {"max_length": high}
            yield Problem(at, "too_long", f"must be less than {high + 1} characters", limit)
        elif pattern and not re.fullmatch(pattern, value):
            yield Problem(at, "invalid_format", f"must be {shown}")

    return check


def integer(low: int, high: int) -> Check:
    """Accept a whole number between two bounds."""

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(at, "wrong_type", "must be an integer")
        elif not low <= value <= high:
            limit = {"min": low, "max": high}
            yield Problem(at, "out_of_range", f"must be between {low} and {high}", limit)

    return check


def boolean(value: Any, at: str) -> Found:
    """Accept true and false."""
    if not isinstance(value, bool):
        yield Problem(at, "wrong_type", "must be a boolean")


def one_of(*allowed: str) -> Check:
    """Accept one of a few words."""

    def check(value: Any, at: str) -> Found:
        if value not in allowed:
            words = ", ".join(allowed)
            yield Problem(at, "invalid_value", f"must be one of: {words}", {"allowed": [*allowed]})

    return check


def anything(_value: Any, _at: str) -> Found:
    """Accept whatever Slack itself does not look into."""
    yield from ()


def array(of: Check, low: int = 0, high: int = 0) -> Check:
    """Accept a list of so many items, each of them checked."""

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, list):
            yield Problem(at, "wrong_type", "must be an array")
            return
        if len(value) < low:
            yield Problem(at, "too_few", f"no fewer than {low} items allowed", {"min_items": low})
        if high and len(value) > high:
            yield Problem(at, "too_many", f"no more than {high} items allowed", {"max_items": high})
        for number, item in enumerate(value):
            yield from of(item, f"{at}/{number}")

    return check


def either(*checks: Check) -> Check:
    """Accept what one of several checks accepts; the complaints of the last are shown."""

    def check(value: Any, at: str) -> Found:
        complaints = [list(one(value, at)) for one in checks]
        if all(complaints):
            yield from complaints[-1]

    return check


def shape(
    must: Mapping[str, Check] | None = None,
    may: Mapping[str, Check] | None = None,
    *,
    rules: tuple[Check, ...] = (),
) -> Check:
    """Accept an object with certain members and no others.

    Args:
        must: members that have to be there.
        may: members that may be there.
        rules: what holds between members; asked once each member for itself is right.
    """
    wanted, known = must or {}, {**(must or {}), **(may or {})}

    def check(value: Any, at: str) -> Found:
        if not isinstance(value, Mapping):
            yield Problem(at, "wrong_type", "must be an object")
            return
        found = [*_missing(wanted, value, at), *_members(known, value, at)]
        yield from found or [problem for rule in rules for problem in rule(value, at)]

    return check


def _missing(wanted: Mapping[str, Check], value: Mapping[str, Any], at: str) -> Found:
    for name in wanted:
        if value.get(name) is None:
            yield Problem(at, "missing_field", f"missing required field: {name}")


def _members(known: Mapping[str, Check], value: Mapping[str, Any], at: str) -> Found:
    for name, member in value.items():
        if name not in known:
            yield Problem(at, "unknown_field", f"invalid additional property: {name}")
        elif member is not None:
            yield from known[name](member, f"{at}/{name}")


def variants(known: Mapping[str, Check], *, what: str) -> Check:
    """Accept an object whose `type` is one of several, checked by its type."""

    def check(value: Any, at: str) -> Found:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind is None:
            yield Problem(at, "missing_field", "missing required field: type")
        elif kind not in known:
            yield Problem(at, "unsupported_type", f"unsupported {what} type: {kind}")
        else:
            yield from known[kind](value, at)

    return check


def typed(
    kind: str,
    must: Mapping[str, Check] | None = None,
    may: Mapping[str, Check] | None = None,
    *,
    rules: tuple[Check, ...] = (),
) -> Check:
    """Accept an object of one type."""
    return shape({"type": one_of(kind), **(must or {})}, may, rules=rules)


def needs_one(*names: str) -> Check:
    """Ask that at least one of several members is there."""

    def check(value: Any, at: str) -> Found:
        if not any(value.get(name) for name in names):
            yield Problem(at, "missing_field", f"one of {', '.join(names)} is required")

    return check


def exactly_one(*names: str) -> Check:
    """Ask that one of several members is there, and no other of them."""

    def check(value: Any, at: str) -> Found:
        if len([name for name in names if value.get(name) is not None]) != 1:
            yield Problem(at, "mismatch", f"exactly one of {', '.join(names)} is required")

    return check


def unique(name: str) -> Check:
    """Ask that the items of a list, if they have a member at all, differ in it."""

    def check(value: Any, at: str) -> Found:
        seen: set[Any] = set()
        for number, item in enumerate(value):
            if name in item and item[name] in seen:
                place = f"{at}/{number}/{name}"
                yield Problem(place, "duplicate", f"{name} must be unique: {item[name]}")
            seen.add(item.get(name))

    return check


def together(*checks: Check) -> Check:
    """Ask for several things in turn; a later one only where the earlier ones hold."""

    def check(value: Any, at: str) -> Found:
        for one in checks:
            found = list(one(value, at))
            if found:
                yield from found
                return

    return check
