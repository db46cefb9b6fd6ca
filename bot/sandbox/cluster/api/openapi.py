"""Describe the resources as OpenAPI, for `kubectl explain` and for clients that ask what a server supports."""

from typing import Any

from bot.sandbox.cluster.api import conformance
from bot.sandbox.cluster.api.resources import MODEL, Registry, Resource, Schema

Object = dict[str, Any]

_REFERENCE = {2: "#/definitions/", 3: "#/components/schemas/"}
_INFO = {"title": "Kubernetes", "version": "v1.37.0"}
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
)
_STRATEGIC = "application/strategic-merge-patch+json"


def index(registry: Registry) -> Object:
    """Answer /openapi/v3: where each group's document is; the hash changes with what is served."""
    paths = {}
    for group, versions in registry.groups().items():
        for version in versions:
            name = f"apis/{group}/{version}" if group else f"api/{version}"
            address = f"/openapi/v3/{name}?hash={registry.generation:X}"
            paths[name] = {"serverRelativeURL": address}
    return {"paths": paths}


def document_v3(registry: Registry, group: str, version: str) -> Object:
    """Answer /openapi/v3/<group version>."""
    writer = _Writer(3)
    for resource in registry.all():
        if (resource.group, resource.version) == (group, version):
            writer.add(resource)
    return {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": writer.paths,
        "components": {"schemas": writer.schemas},
    }


def document_v2(registry: Registry) -> Object:
    """Answer /openapi/v2: all groups in one document."""
    writer = _Writer(2)
    for resource in registry.all():
        writer.add(resource)
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": writer.paths,
        "definitions": writer.schemas,
    }


class _Writer:
    """Collects named schemas and paths of one document."""

    def __init__(self, version: int) -> None:
        self._version = version
        self.schemas: Object = {}
        self.paths: Object = {}

    def add(self, resource: Resource) -> None:
        schema = conformance.full_schema(resource)
        name = _schema_name(resource)
        described = self._referring(schema, at_root=True)
        described["x-kubernetes-group-version-kind"] = [_kind(resource)]
        self.schemas[name] = described
        self._add_paths(resource, name)

    def _add_paths(self, resource: Resource, name: str) -> None:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        collection = f"{root}{scope}/{resource.plural}"
        shown = {"$ref": f"{_REFERENCE[self._version]}{name}"}
        self.paths[collection] = {"post": self._operation(resource, "post", shown)}
        if resource.verbs == ("create",):
            return
        self.paths[collection]["get"] = self._operation(resource, "list", shown)
        self.paths[f"{collection}/{{name}}"] = {
            "get": self._operation(resource, "get", shown),
            "put": self._operation(resource, "put", shown),
            "patch": self._patch(resource, shown),
            "delete": self._operation(resource, "delete", shown),
        }

    def _operation(self, resource: Resource, action: str, shown: Object) -> Object:
        parameters = (
            ("dryRun", "fieldManager", "fieldValidation") if action in ("post", "put") else ()
        )
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": _kind(resource),
            "parameters": [self._parameter(name) for name in parameters],
            "responses": {"200": self._response(shown)},
        }

    def _patch(self, resource: Resource, shown: Object) -> Object:
        operation = self._operation(resource, "patch", shown)
        names = ("dryRun", "fieldManager", "fieldValidation", "force")
        operation["parameters"] = [self._parameter(name) for name in names]
        accepted = _PATCHES if resource.is_custom else (*_PATCHES, _STRATEGIC)
        if self._version == 2:  # noqa: PLR2004 - OpenAPI's version
            return operation | {"consumes": list(accepted)}
        content: Object = {name: {"schema": {}} for name in accepted}
        return operation | {"requestBody": {"content": content}}

    def _parameter(self, name: str) -> Object:
        parameter: Object = {"name": name, "in": "query"}
        if self._version == 2:  # noqa: PLR2004 - OpenAPI's version
            return parameter | {"type": "string", "uniqueItems": True}
        return parameter | {"schema": {"type": "string"}}

    def _response(self, shown: Object) -> Object:
        if self._version == 2:  # noqa: PLR2004 - OpenAPI's version
            return {"description": "OK", "schema": shown}
        return {"description": "OK", "content": {"application/json": {"schema": shown}}}

    def _referring(self, schema: Schema, *, at_root: bool = False) -> Object:
        """Write a schema with the models inside of it as references."""
        model = schema.get(MODEL)
        if model and not at_root:
            return self._reference(schema, model)
        written = {name: each for name, each in schema.items() if name != MODEL}
        for name in ("properties", "patternProperties"):
            if name in written:
                written[name] = {k: self._referring(v) for k, v in written[name].items()}
        for name in ("items", "additionalProperties", "not"):
            if isinstance(written.get(name), dict):
                written[name] = self._referring(written[name])
        return written

    def _reference(self, schema: Schema, model: str) -> Object:
        name = f"io.k8s.{model}"
        if name not in self.schemas:
            self.schemas[name] = {}
            beside = ("description", "default")
            bare = {key: each for key, each in schema.items() if key not in beside}
            self.schemas[name] = self._referring(bare, at_root=True)
        target = {"$ref": f"{_REFERENCE[self._version]}{name}"}
        if self._version == 2:  # noqa: PLR2004 - OpenAPI's version
            return target
        words: Object = {key: schema[key] for key in ("description", "default") if key in schema}
        return {"allOf": [target], **words} if words else target


def _kind(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource: Resource) -> str:
    if not resource.is_custom:
        return f"io.k8s.{resource.model}"
    domain = ".".join(reversed(resource.group.split(".")))
    return f"{domain}.{resource.version}.{resource.kind}"
