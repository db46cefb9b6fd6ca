"""Whether a request fits a rule's match, and how exactly: the order that Gateway API lays down."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.objects import Object

EXACT = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for; names of headers are in lower case."""

    scheme: str
    host: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None


def host_rank(hostnames: Iterable[str], host: str) -> int:
    """Give a number that is higher the more exactly the names mean the host; 0 where they do not."""
    lower = [name.lower() for name in hostnames] or ["*"]
    if host in lower:
        return EXACT
    return max((len(name) for name in lower if _covers(name, host)), default=0)


def _covers(pattern: str, host: str) -> bool:
    return pattern == "*" or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def rank(match: Object, asked: Asked) -> tuple[int, int, int, int] | None:
    """Give what makes one match go before another, the smaller first; None where it does not fit."""
    path = _path_rank(match.get("path") or {}, asked.path)
    headers, query = match.get("headers") or [], match.get("queryParams") or []
    known = asked.headers or {}
    fits = (
        path
        and match.get("method", asked.method) == asked.method
        and all(_fits(each, known.get(each["name"].lower())) for each in headers)
        and all(_fits(each, (asked.query or {}).get(each["name"])) for each in query)
    )
    return (-path, 0 if "method" in match else 1, -len(headers), -len(query)) if fits else None


def _path_rank(match: Object, path: str) -> int:
    kind, value = match.get("type", "PathPrefix"), match.get("value", "/")
    if kind == "Exact":
        return EXACT if path == value else 0
    if kind == "RegularExpression":
        return len(value) if re.fullmatch(value, path) else 0
    prefix = value.rstrip("/")
    return len(prefix) + 1 if path == prefix or path.startswith(prefix + "/") else 0


def _fits(wanted: Object, value: str | None) -> bool:
    if value is None:
        return False
    if wanted.get("type", "Exact") == "RegularExpression":
        return re.fullmatch(wanted["value"], value) is not None
    return bool(value == wanted["value"])
