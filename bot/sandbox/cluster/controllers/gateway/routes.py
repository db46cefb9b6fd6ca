"""Which backend a request goes to: HTTPRoutes by host name and path, in the order that Gateway API lays down."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.objects import Key, Object, is_deleting

GATEWAY = Key("gateway", "external")
ROUTE_GROUP = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service's port, with its weight among others."""

    service: Key
    port: int
    weight: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    precedence: tuple[int, int, int, str]
    backends: tuple[Backend, ...]


def is_attached(route: Object) -> bool:
    """Whether the route asks for this gateway."""
    return any(refers_here(parent, route) for parent in route["spec"].get("parentRefs") or [])


def refers_here(parent: Object, route: Object) -> bool:
    """Whether a parent reference means this gateway."""
    namespace = parent.get("namespace") or route["metadata"]["namespace"]
    is_gateway = parent.get("kind", "Gateway") == "Gateway"
    return is_gateway and Key(namespace, parent["name"]) == GATEWAY


def knows_host(routes: Iterable[Object], host: str) -> bool:
    """Whether any route serves the host at all."""
    return any(_host_rank(route, host) for route in routes if is_attached(route))


def backends_for(
    routes: Iterable[Object], host: str, path: str, method: str
) -> tuple[Backend, ...] | None:
    """Choose the backends of the most specific match; None without any match."""
    candidates = [
        candidate
        for route in routes
        if is_attached(route) and not is_deleting(route)
        for candidate in _candidates(route, host, path, method)
    ]
    return min(candidates, key=lambda found: found.precedence).backends if candidates else None


def _candidates(route: Object, host: str, path: str, method: str) -> Iterable[_Candidate]:
    host_rank = _host_rank(route, host)
    if not host_rank:
        return
    for rule in route["spec"].get("rules") or []:
        for match in rule.get("matches") or [{}]:
            path_rank = _path_rank(match.get("path") or {}, path)
            if path_rank and match.get("method", method) == method:
                # The longer match first, then the older route.
                age = route["metadata"].get("creationTimestamp", "")
                precedence = (-host_rank, -path_rank, 0 if "method" in match else 1, age)
                yield _Candidate(precedence, _backends(rule, route))


def _host_rank(route: Object, host: str) -> int:
    """Give a number that is higher the more exactly the route names the host; 0 where it does not."""
    hostnames = route["spec"].get("hostnames") or ["*"]
    exact = [name for name in hostnames if name.lower() == host]
    if exact:
        return 10_000
    return max((len(name) for name in hostnames if _covers(name.lower(), host)), default=0)


def _covers(pattern: str, host: str) -> bool:
    return pattern == "*" or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _path_rank(match: Object, path: str) -> int:
    value = match.get("value", "/")
    if match.get("type", "PathPrefix") == "Exact":
        return 10_000 if path == value else 0
    prefix = value.rstrip("/")
    return len(prefix) + 1 if path == prefix or path.startswith(prefix + "/") else 0


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
