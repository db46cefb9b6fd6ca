"""Which rule a request goes by: HTTPRoutes by host name and match, in the order that Gateway API lays down."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.gateway import filters, matching
from bot.sandbox.cluster.controllers.gateway.matching import Asked
from bot.sandbox.cluster.controllers.objects import Key, Object, is_deleting

GATEWAY = Key("gateway", "external")
ROUTE_GROUP = "gateway.networking.k8s.io"
LISTENERS = ("http", "https")


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service's port, with its weight among others."""

    service: Key
    port: int
    weight: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rule that a request goes by; `prefix` is the path that its match named."""

    backends: tuple[Backend, ...]
    filters: tuple[Object, ...] = ()
    prefix: str = "/"
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    precedence: tuple[int | str, ...]
    chosen: Chosen


def is_attached(route: Object, scheme: str) -> bool:
    """Whether the route asks for this gateway's listener of a scheme, and for nothing that it cannot do."""
    parents = route["spec"].get("parentRefs") or []
    return not filters.problems(route) and any(
        refers_here(parent, route) and serves(parent, scheme) for parent in parents
    )


def refers_here(parent: Object, route: Object) -> bool:
    """Whether a parent reference means this gateway."""
    namespace = parent.get("namespace") or route["metadata"]["namespace"]
    is_gateway = parent.get("kind", "Gateway") == "Gateway"
    return is_gateway and Key(namespace, parent["name"]) == GATEWAY


def serves(parent: Object, scheme: str) -> bool:
    """Whether a parent reference means the listener of a scheme; it may mean both."""
    port = parent.get("port")
    by_name = parent.get("sectionName") in {None, scheme}
    return by_name and port in {None, filters.WELL_KNOWN[scheme]}


def knows_host(routes: Iterable[Object], asked: Asked) -> bool:
    """Whether any route serves the host at all."""
    return any(_host_rank(route, asked) for route in routes if is_attached(route, asked.scheme))


def rule_for(routes: Iterable[Object], asked: Asked) -> Chosen | None:
    """Choose the rule of the most specific match; None without any match."""
    candidates = [
        candidate
        for route in routes
        if is_attached(route, asked.scheme) and not is_deleting(route)
        for candidate in _candidates(route, asked)
    ]
    return min(candidates, key=lambda found: found.precedence).chosen if candidates else None


def _candidates(route: Object, asked: Asked) -> Iterable[_Candidate]:
    host_rank = _host_rank(route, asked)
    if not host_rank:
        return
    # Of two that match alike, the older route goes first, then the name.
    tie = (route["metadata"].get("creationTimestamp", ""), route["metadata"]["name"])
    for rule in route["spec"].get("rules") or []:
        for match in rule.get("matches") or [{}]:
            rank = matching.rank(match, asked)
            if rank:
                chosen = _chosen(rule, route, match)
                yield _Candidate((-host_rank, *rank, *tie), chosen)


def _host_rank(route: Object, asked: Asked) -> int:
    return matching.host_rank(route["spec"].get("hostnames") or [], asked.host)


def _chosen(rule: Object, route: Object, match: Object) -> Chosen:
    limits = rule.get("timeouts") or {}
    limit = limits.get("backendRequest") or limits.get("request")
    return Chosen(
        backends=_backends(rule, route),
        filters=tuple(rule.get("filters") or []),
        prefix=(match.get("path") or {}).get("value", "/"),
        seconds=filters.seconds(limit) if limit else None,
    )


def _backends(rule: Object, route: Object) -> tuple[Backend, ...]:
    return tuple(
        Backend(
            Key(ref.get("namespace") or route["metadata"]["namespace"], ref["name"]),
            ref.get("port", 0),
            ref.get("weight", 1),
        )
        for ref in rule.get("backendRefs") or []
        if ref.get("kind", "Service") == "Service"
    )
