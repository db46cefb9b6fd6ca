"""Show objects in other forms than their own: as a table for kubectl, or by their metadata alone."""

from typing import Any

from bot.sandbox.cluster.api import ages
from bot.sandbox.cluster.api.resources import Column, Resource

Object = dict[str, Any]

_META = "meta.k8s.io/v1"


def wanted_form(accept: str) -> str:
    """Return `Table` or another form that the first acceptable media type asks for, else nothing."""
    for media_type in accept.split(","):
        options = dict(
            part.strip().partition("=")[::2] for part in media_type.split(";")[1:] if "=" in part
        )
        if not media_type.strip().startswith("application/json"):
            continue
        if options.get("g") == "meta.k8s.io" and options.get("v") == "v1":
            return options.get("as", "")
        if "as" not in options:
            return ""
    return ""


def table(resource: Resource, body: Object, *, include: str, with_columns: bool = True) -> Object:
    """Return an object or a list of them as a table.

    Args:
        resource: whose columns to show.
        body: an object or a list.
        include: what each row carries along: Metadata, Object or None.
        with_columns: a watch repeats the heads once only.
    """
    items = body["items"] if "items" in body and body["kind"].endswith("List") else [body]
    metadata = body["metadata"]
    kept = ("resourceVersion", "continue", "remainingItemCount")
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "columnDefinitions": [_head(column) for column in resource.columns] if with_columns else [],
        "rows": [_row(resource, item, include) for item in items],
    }


def _head(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type if column.type != "date" else "string",
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(resource: Resource, item: Object, include: str) -> Object:
    row: Object = {"cells": [_cell(column, item) for column in resource.columns]}
    if include == "Object":
        row["object"] = item
    elif include != "None":
        row["object"] = partial(item)
    return row


def _cell(column: Column, item: Object) -> Any:
    value = column.value(item)
    if column.type == "date":
        return ages.age(value)
    return value


def partial(body: Object) -> Object:
    """Return the object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": _META,
        "metadata": body.get("metadata", {}),
    }


def partial_list(body: Object) -> Object:
    """Return a list of the metadata alone."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": _META,
        "metadata": body["metadata"],
        "items": [partial(item) for item in body["items"]],
    }
