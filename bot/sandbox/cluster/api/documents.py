"""Find the documents that describe the server itself: discovery and OpenAPI."""

import json
from dataclasses import dataclass
from typing import Any

from bot.sandbox.cluster.api import discovery, openapi
from bot.sandbox.cluster.api.cluster import Cluster

Object = dict[str, Any]

_JSON = "application/json"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is sent."""

    text: str
    media_type: str = _JSON


def find(cluster: Cluster, path: str, accept: str) -> Document | None:
    """Return the document under a path, or None where the path is a resource's or nobody's."""
    match path.split("/"):
        case ["api"] | ["apis"] as root:
            return _root(cluster, is_core=root == ["api"], accept=accept)
        case ["api", "v1"]:
            return _written(discovery.resources(cluster.registry, "", "v1"))
        case ["apis", group] if group in cluster.registry.groups():
            return _written(discovery.group(cluster.registry, group))
        case ["apis", group, version] if version in cluster.registry.groups().get(group, []):
            return _written(discovery.resources(cluster.registry, group, version))
        case ["openapi", version, *rest]:
            return _openapi(cluster, version, rest)
    return None


def _root(cluster: Cluster, *, is_core: bool, accept: str) -> Document:
    if "as=APIGroupDiscoveryList" in accept and "v=v2;" in accept:
        return Document(
            json.dumps(discovery.aggregated(cluster.registry, core=is_core)), _AGGREGATED
        )
    if is_core:
        return _written(discovery.core_versions("127.0.0.1"))
    return _written(discovery.groups(cluster.registry))


def _openapi(cluster: Cluster, version: str, rest: list[str]) -> Document | None:
    match version, rest:
        case "v2", []:
            return _written(openapi.document_v2(cluster.registry))
        case "v3", []:
            return _written(openapi.index(cluster.registry))
        case "v3", ["api", "v1"]:
            return _written(openapi.document_v3(cluster.registry, "", "v1"))
        case "v3", ["apis", group, name] if name in cluster.registry.groups().get(group, []):
            return _written(openapi.document_v3(cluster.registry, group, name))
    return None


def _written(body: Object) -> Document:
    return Document(json.dumps(body, separators=(",", ":")))
