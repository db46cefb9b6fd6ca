"""Manifests between their text and the API server: parsed, placed in a namespace, tracked, put in order."""

from typing import Any

import yaml  # type: ignore[import-untyped] # it ships none, and is here only through kubernetes

from bot.sandbox.cluster.controllers.objects import Object, annotations, kind_of

TRACKING = "argocd.argoproj.io/tracking-id"
WAVE = "argocd.argoproj.io/sync-wave"
HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")

# What others stand on comes first, as in Argo CD.
_ORDER = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
)


class MalformedManifestError(Exception):
    """The text is no list of Kubernetes manifests."""


class _Loader(yaml.CSafeLoader):  # type: ignore[misc] # untyped base
    """YAML as Kubernetes reads it: a date is text."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.CSafeLoader.construct_yaml_str)


def parse(text: str) -> list[Object]:
    """Read all manifests of a text; a List becomes its items.

    Raises:
        MalformedManifestError: not YAML, or a document without apiVersion, kind and name.
    """
    try:
        documents = [document for document in yaml.load_all(text, _Loader) if document]
    except yaml.YAMLError as error:
        raise MalformedManifestError(f"Failed to unmarshal manifest: {error}") from error
    found = [item for document in documents for item in _items(document)]
    return [_checked(document) for document in found]


def _items(document: Any) -> list[Any]:
    if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
        return list(document.get("items") or [])
    return [document]


def _checked(document: Any) -> Object:
    if not isinstance(document, dict) or not document.get("apiVersion") or not document.get("kind"):
        raise MalformedManifestError("a manifest has no apiVersion or no kind")
    if not (document.get("metadata") or {}).get("name"):
        raise MalformedManifestError(f"a {document['kind']} has no metadata.name")
    if any(hook in annotations(document) for hook in HOOKS):
        named = f"{document['kind']} {document['metadata']['name']}"
        raise MalformedManifestError(f"{named} is a hook: the sandbox runs none")
    return document


def placed(manifest: Object, *, namespace: str, application: str) -> Object:
    """Put a manifest into its namespace (empty for a kind without one), and mark whose it is."""
    metadata = dict(manifest["metadata"])
    if namespace:
        metadata["namespace"] = metadata.get("namespace") or namespace
    else:
        metadata.pop("namespace", None)
    marked = manifest | {"metadata": metadata}
    metadata["annotations"] = (metadata.get("annotations") or {}) | {
        TRACKING: tracking_id(application, marked)
    }
    return marked


def tracking_id(application: str, obj: Object) -> str:
    """Say which object of which application this is; a copy of the object carries the wrong one."""
    kind = kind_of(obj)
    namespace = obj["metadata"].get("namespace", "")
    return f"{application}:{kind.group}/{kind.kind}:{namespace}/{obj['metadata']['name']}"


def wave_of(obj: Object) -> int:
    """Read the sync wave; anything that is no number is the first."""
    try:
        return int(annotations(obj).get(WAVE, "0"))
    except ValueError:
        return 0


def order_of(obj: Object) -> tuple[int, int, str, str]:
    """Give the place of an object in a sync: wave, then kind, then name."""
    kind = obj["kind"]
    place = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    return wave_of(obj), place, kind, obj["metadata"]["name"]
