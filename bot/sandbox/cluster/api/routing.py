"""Understand a path and a method as a verb on a resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.resources import Registry, Resource

_ON_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_ALL = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OF_NAMESPACES = frozenset({"status", "finalize"})


class _Place(NamedTuple):
    """What stands behind the group and version in a path."""

    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about."""

    resource: Resource
    verb: str
    namespace: str
    name: str
    subresource: str


def target(registry: Registry, method: str, path: str, query: Mapping[str, str]) -> Target:
    """Return what the request is about.

    Raises:
        Refusal: nothing is served there, or not with this method.
    """
    group, version, rest = _group_version(path)
    if not rest:
        raise refusals.no_such_path()
    place = _place(rest)
    resource = registry.find(group, version, place.plural)
    if resource is None or not _fits(resource, place, method):
        raise refusals.no_such_path()
    return Target(
        resource,
        _verb(resource, place, method, query),
        place.namespace,
        place.name,
        place.subresource,
    )


def _group_version(path: str) -> tuple[str, str, list[str]]:
    parts = [part for part in path.split("/") if part]
    match parts:
        case ["api", version, *rest]:
            return "", version, rest
        case ["apis", group, version, *rest]:
            return group, version, rest
    raise refusals.no_such_path()


def _place(parts: list[str]) -> _Place:
    match parts:
        case ["namespaces", name, sub] if sub in _OF_NAMESPACES:
            return _Place("namespaces", name=name, subresource=sub)
        case ["namespaces", namespace, plural, *rest] if len(rest) <= 2:  # noqa: PLR2004 - name, subresource
            return _Place(plural, namespace, *rest)
        case [plural, *rest] if len(rest) <= 2:  # noqa: PLR2004 - name, subresource
            return _Place(plural, "", *rest)
    raise refusals.no_such_path()


def _fits(resource: Resource, place: _Place, method: str) -> bool:
    if place.subresource and place.subresource not in resource.subresources:
        return False
    if not resource.namespaced:
        return not place.namespace
    return bool(place.namespace) or (not place.name and method in ("GET", "POST"))


def _verb(resource: Resource, place: _Place, method: str, query: Mapping[str, str]) -> str:
    if place.subresource:
        verb = "create" if method == "POST" else _ON_ONE.get(method, "")
    elif place.name:
        verb = _ON_ONE.get(method, "")
    else:
        verb = _ON_ALL.get(method, "")
        if verb == "list" and query.get("watch") in ("true", "1"):
            verb = "watch"
    needs_namespace = verb == "create" and resource.namespaced and not place.namespace
    if verb not in resource.verbs or needs_namespace:
        raise refusals.method_not_allowed()
    return verb
