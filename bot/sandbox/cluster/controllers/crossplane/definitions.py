"""Turn a CompositeResourceDefinition into the CustomResourceDefinition that serves it."""

import copy
from typing import Any

from bot.sandbox.cluster.controllers.objects import Object, owner_reference

_CONDITIONS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    "items": {
        "type": "object",
        "required": ["lastTransitionTime", "reason", "status", "type"],
        "properties": {
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "message": {"type": "string"},
            "observedGeneration": {"type": "integer", "format": "int64"},
            "reason": {"type": "string"},
            "status": {"type": "string"},
            "type": {"type": "string"},
        },
    },
}
_NAME = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
_MATCH_LABELS = {
    "type": "object",
    "required": ["matchLabels"],
    "properties": {
        "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_RESOURCE_REF = {
    "type": "object",
    "required": ["apiVersion", "kind"],
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "name": {"type": "string"},
        "namespace": {"type": "string"},
    },
}
_MACHINERY = {
    "type": "object",
    "description": "Configures how Crossplane will reconcile this composite resource",
    "properties": {
        "compositionRef": _NAME,
        "compositionSelector": _MATCH_LABELS,
        "compositionRevisionRef": _NAME,
        "compositionRevisionSelector": _MATCH_LABELS,
        "compositionUpdatePolicy": {"type": "string", "enum": ["Automatic", "Manual"]},
        "resourceRefs": {
            "type": "array",
            "items": _RESOURCE_REF,
            "x-kubernetes-list-type": "atomic",
        },
    },
}
_COLUMNS = [
    ("SYNCED", "string", ".status.conditions[?(@.type=='Synced')].status"),
    ("READY", "string", ".status.conditions[?(@.type=='Ready')].status"),
    ("COMPOSITION", "string", ".spec.crossplane.compositionRef.name"),
    ("AGE", "date", ".metadata.creationTimestamp"),
]


def custom_resource_definition(xrd: Object) -> Object:
    """Build the definition, with the fields that Crossplane adds to every composite."""
    spec = xrd["spec"]
    names = spec["names"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": xrd["metadata"]["name"],
            "labels": (spec.get("metadata") or {}).get("labels") or {},
            "ownerReferences": [owner_reference(xrd)],
        },
        "spec": {
            "group": spec["group"],
            "scope": spec.get("scope", "Namespaced"),
            "names": names | {"categories": sorted({"composite", *names.get("categories", [])})},
            "versions": [_version(version) for version in spec["versions"]],
        },
    }


def _version(version: Object) -> Object:
    columns = [{"name": name, "type": kind, "jsonPath": path} for name, kind, path in _COLUMNS]
    return {
        "name": version["name"],
        "served": version["served"],
        "storage": version["referenceable"],
        "deprecated": version.get("deprecated", False),
        "schema": {"openAPIV3Schema": _schema(version["schema"]["openAPIV3Schema"])},
        "additionalPrinterColumns": columns[:3]
        + version.get("additionalPrinterColumns", [])
        + columns[3:],
        "subresources": {"status": {}},
    }


def _schema(wanted: Object) -> Object:
    schema: dict[str, Any] = copy.deepcopy(wanted)
    properties = schema.setdefault("properties", {})
    properties |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    spec = properties.setdefault("spec", {"type": "object"})
    spec.setdefault("properties", {})["crossplane"] = _MACHINERY
    status = properties.setdefault("status", {"type": "object"})
    status.setdefault("properties", {})["conditions"] = _CONDITIONS
    return schema
