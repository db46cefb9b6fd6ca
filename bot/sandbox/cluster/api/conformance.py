"""Hold a body against its resource's schema: strictness, pruning, defaults, faults."""

from typing import Any

from bot.sandbox.cluster.api import models, names, refusals
from bot.sandbox.cluster.api.cluster import Call
from bot.sandbox.cluster.api.resources import Resource, Schema
from bot.sandbox.cluster.api.schema import defaults, unknown, validation

Object = dict[str, Any]

_TYPE_META: Schema = {"type": "string"}


def full_schema(resource: Resource) -> Schema:
    """Return the schema of the whole object, metadata included, which a CRD leaves to the server."""
    schema = resource.schema()
    if not resource.is_custom:
        return schema
    own = {
        "apiVersion": _TYPE_META,
        "kind": _TYPE_META,
        "metadata": models.schema_of("V1ObjectMeta"),
    }
    return schema | {"type": "object", "properties": schema.get("properties", {}) | own}


def known(call: Call, body: Object) -> Object:
    """Return the body without what its kind does not know.

    Raises:
        Refusal: the caller wants strict field validation and a field is unknown.
    """
    resource = call.resource
    cleaned = _without_nulls(resource, body)
    kept, strangers = unknown.pruned(cleaned, full_schema(resource))
    if strangers:
        _report(call, strangers)
    _check_types(resource, kept)
    result: Object = kept
    return result


def _check_types(resource: Resource, body: Object) -> None:
    """Refuse what a typed decoder cannot read; below the metadata a custom kind is no typed one."""
    read = body if not resource.is_custom else {"metadata": body.get("metadata")}
    schema = full_schema(resource)
    if resource.is_custom:
        schema = {"properties": {"metadata": schema["properties"]["metadata"]}}
    for cause in validation.faults(read, schema):
        if cause.reason == "FieldValueTypeInvalid":
            kind = resource.kind
            raise refusals.bad_request(
                f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {cause.message}'
            )


def _without_nulls(resource: Resource, body: Object) -> Object:
    if not resource.is_custom:
        return {
            name: unknown.without_nulls(each) for name, each in body.items() if each is not None
        }
    return body | {"metadata": unknown.without_nulls(body.get("metadata") or {})}


def _report(call: Call, strangers: list[str]) -> None:
    wanted = call.query.get("fieldValidation", "Warn")
    listed = [f'unknown field "{path}"' for path in strangers]
    if wanted == "Strict":
        kind, version = call.resource.kind, call.resource.version
        message = f"strict decoding error: {', '.join(listed)}"
        if not call.resource.is_custom:
            message = f'{kind} in version "{version}" cannot be handled as a {kind}: {message}'
        raise refusals.bad_request(message)
    if wanted == "Warn":
        call.warnings.extend(listed)


def checked(resource: Resource, body: Object, *, more: list[refusals.Cause]) -> Object:
    """Return the body with its defaults.

    Raises:
        Refusal: a field is wrong; all of them are named.
    """
    schema = full_schema(resource)
    filled: Object = defaults.defaulted(body, schema)
    found = [
        *names.faults(resource, filled["metadata"]),
        *validation.faults(filled, schema),
        *more,
    ]
    if found:
        raise refusals.invalid(resource, filled["metadata"]["name"], found)
    return filled


def addressed(call: Call, body: Any) -> Object:
    """Return the body, sure that it is an object of the path's kind, in the path's namespace.

    Raises:
        Refusal: body and path contradict each other.
    """
    if not isinstance(body, dict):
        raise refusals.bad_request("the body of the request is not an object")
    resource = call.resource
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise refusals.bad_request("the metadata of the object is not an object")
    metadata = dict(metadata)
    kind, api_version = (
        body.get("kind") or resource.kind,
        body.get("apiVersion") or resource.api_version,
    )
    if kind != resource.kind or api_version != resource.api_version:
        raise refusals.bad_request(
            f"the API version in the data ({api_version}, kind {kind}) does not match the expected API version "
            f"({resource.api_version}, kind {resource.kind})"
        )
    if resource.namespaced:
        if metadata.setdefault("namespace", call.namespace) != call.namespace:
            raise refusals.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
    else:
        metadata.pop("namespace", None)
    if call.name and metadata.setdefault("name", call.name) != call.name:
        raise refusals.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({call.name})"
        )
    return body | {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
