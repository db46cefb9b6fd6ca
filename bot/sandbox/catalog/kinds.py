"""What each kind of entity must say about itself, as JSON Schemas."""

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_PROFILE: Schema = {
    "type": "object",
    "properties": {"displayName": _TEXT, "email": _TEXT, "picture": _TEXT},
}


def _kind(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """A kind by the fields of its spec."""
    spec = {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
    }
    return {"type": "object", "required": ["spec"], "properties": {"spec": spec}}


_API = _kind(
    {"type": _TEXT, "lifecycle": _TEXT, "owner": _TEXT},
    {"system": _TEXT, "definition": _TEXT, "remotes": {"type": "array", "minItems": 1}},
)
_API["properties"]["spec"] |= {
    "if": {"properties": {"type": {"const": "mcp-server"}}},
    "then": {"required": ["remotes"]},
    "else": {"required": ["definition"]},
}

CATALOG_VERSIONS = frozenset({"backstage.io/v1alpha1", "backstage.io/v1beta1"})
TEMPLATE_VERSIONS = frozenset({"scaffolder.backstage.io/v1beta3"})

SCHEMAS: dict[str, Schema] = {
    "API": _API,
    "Component": _kind(
        {"type": _TEXT, "lifecycle": _TEXT, "owner": _TEXT},
        {
            "system": _TEXT,
            "subcomponentOf": _TEXT,
            "providesApis": _TEXTS,
            "consumesApis": _TEXTS,
            "dependsOn": _TEXTS,
            "dependencyOf": _TEXTS,
        },
    ),
    "Domain": _kind({"owner": _TEXT}, {"subdomainOf": _TEXT, "type": _TEXT}),
    "Group": _kind(
        {"type": _TEXT, "children": _TEXTS},
        {"profile": _PROFILE, "parent": _TEXT, "members": _TEXTS},
    ),
    "Location": _kind(
        {},
        {
            "type": _TEXT,
            "target": _TEXT,
            "targets": _TEXTS,
            "presence": {"type": "string", "enum": ["required", "optional"]},
        },
    ),
    "Resource": _kind(
        {"type": _TEXT, "owner": _TEXT},
        {"system": _TEXT, "dependsOn": _TEXTS, "dependencyOf": _TEXTS},
    ),
    "System": _kind({"owner": _TEXT}, {"domain": _TEXT, "type": _TEXT}),
    "Template": _kind(
        {"type": _TEXT, "steps": {"type": "array", "items": {"type": "object"}}},
        {"owner": _TEXT, "parameters": {"type": ["object", "array"]}},
    ),
    "User": _kind({"memberOf": _TEXTS}, {"profile": _PROFILE}),
}


def versions_of(kind: str) -> frozenset[str]:
    """The API versions in which a kind is known."""
    return TEMPLATE_VERSIONS if kind == "Template" else CATALOG_VERSIONS


ENVELOPE: Schema = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "properties": {
        "apiVersion": _TEXT,
        "kind": _TEXT,
        "metadata": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": _TEXT, "namespace": _TEXT},
        },
        "spec": {"type": "object"},
    },
}

_LINK: Schema = {
    "type": "object",
    "required": ["url"],
    "properties": {"url": _TEXT, "title": _TEXT, "icon": _TEXT, "type": _TEXT},
}

METADATA: Schema = {
    "type": "object",
    "properties": {
        "metadata": {
            "type": "object",
            "properties": {
                "uid": _TEXT,
                "etag": _TEXT,
                "title": _TEXT,
                "description": {"type": "string"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
                "tags": _TEXTS,
                "links": {"type": "array", "items": _LINK},
            },
        },
    },
}
