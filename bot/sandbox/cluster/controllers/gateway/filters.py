"""What the filters of a rule do to a request and its answer; whatever else a route may ask for is refused in its status."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from bot.sandbox.cluster.controllers.gateway.matching import Asked
from bot.sandbox.cluster.controllers.objects import Object

Headers = list[tuple[bytes, bytes]]

SUPPORTED = frozenset(
    {"RequestRedirect", "RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite"}
)
WELL_KNOWN = {"http": 80, "https": 443}
FOUND = 302
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


def problems(route: Object) -> list[str]:
    """Say what of a route this gateway does not do."""
    found = []
    for rule in route["spec"].get("rules") or []:
        references = rule.get("backendRefs") or []
        inner = [each for reference in references for each in reference.get("filters") or []]
        kinds = [each["type"] for each in (*(rule.get("filters") or []), *inner)]
        found += [f"filter {kind}" for kind in kinds if kind not in SUPPORTED]
        if inner:
            found.append("filters of a single backend")
        found += [
            f"backend of kind {each['kind']}"
            for each in references
            if each.get("kind", "Service") != "Service"
        ]
    return [f"{each} is not supported by this gateway" for each in dict.fromkeys(found)]


def redirection(
    filters: Iterable[Object], asked: Asked, prefix: str, ports: Mapping[str, int]
) -> tuple[int, str] | None:
    """Give the code and the address where a client is sent; None where it is not.

    Args:
        filters: the rule's.
        asked: the request.
        prefix: the path that the rule's match meant, for ReplacePrefixMatch.
        ports: where this machine really listens for each scheme.
    """
    wish = _settings(filters, "RequestRedirect", "requestRedirect")
    if wish is None:
        return None
    scheme = wish.get("scheme") or asked.scheme
    port = wish.get("port") or WELL_KNOWN[scheme]
    real = ports[scheme] if port == WELL_KNOWN[scheme] else port
    place = "" if real == WELL_KNOWN[scheme] else f":{real}"
    path = _replaced(wish.get("path"), asked.path, prefix)
    code = int(wish.get("statusCode", FOUND))
    return code, f"{scheme}://{wish.get('hostname') or asked.host}{place}{path}"


def rewritten_path(filters: Iterable[Object], path: str, prefix: str) -> str:
    """Give the path with which the application is asked."""
    wish = _settings(filters, "URLRewrite", "urlRewrite") or {}
    return _replaced(wish.get("path"), path, prefix)


def rewritten_host(filters: Iterable[Object]) -> str | None:
    """Give the host with which the application is asked, if it is another one."""
    wish = _settings(filters, "URLRewrite", "urlRewrite") or {}
    host: str | None = wish.get("hostname")
    return host


def of_request(filters: Sequence[Object], headers: Headers) -> Headers:
    """Change the headers of a request."""
    changes = _settings(filters, "RequestHeaderModifier", "requestHeaderModifier")
    return _changed(headers, changes or {})


def of_response(filters: Sequence[Object], headers: Headers) -> Headers:
    """Change the headers of an answer."""
    changes = _settings(filters, "ResponseHeaderModifier", "responseHeaderModifier")
    return _changed(headers, changes or {})


def seconds(duration: str) -> float | None:
    """Read a duration such as `1m30s`; zero means no limit."""
    parts = re.findall(r"(\d+)(ms|h|m|s)", duration)
    total = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in parts), timedelta())
    return total.total_seconds() or None


def _settings(filters: Iterable[Object], kind: str, field: str) -> Object | None:
    return next((each.get(field) or {} for each in filters if each["type"] == kind), None)


def _replaced(wish: Object | None, path: str, prefix: str) -> str:
    if not wish:
        return path
    if wish["type"] == "ReplaceFullPath":
        return str(wish["replaceFullPath"])
    rest = path[len(prefix.rstrip("/")) :]
    return f"{wish['replacePrefixMatch'].rstrip('/')}{rest}" or "/"


def _changed(headers: Headers, changes: Object) -> Headers:
    def pairs(name: str) -> Headers:
        entries = changes.get(name) or []
        return [(each["name"].lower().encode(), each["value"].encode()) for each in entries]

    gone = {name.lower().encode() for name in changes.get("remove") or []}
    gone |= {name for name, _ in pairs("set")}
    kept = [pair for pair in headers if pair[0].lower() not in gone]
    return [*kept, *pairs("set"), *pairs("add")]
