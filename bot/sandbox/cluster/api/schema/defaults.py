"""Fill in what a schema says of fields that are absent."""

import copy
from typing import Any

from bot.sandbox.cluster.api.resources import Schema
from bot.sandbox.cluster.api.schema import shape


def defaulted(value: Any, schema: Schema) -> Any:
    """Return the value with its defaults, those inside of defaults included."""
    if isinstance(value, list):
        return [defaulted(each, shape.item(schema)) for each in value]
    if not isinstance(value, dict):
        return value
    filled = {
        name: each for name, each in value.items() if not _is_replaceable_null(schema, name, each)
    }
    for name, field in schema.get("properties", {}).items():
        if name not in filled and isinstance(field, dict) and "default" in field:
            filled[name] = copy.deepcopy(field["default"])
    return {
        name: defaulted(each, shape.child(schema, name) or shape.ANYTHING)
        for name, each in filled.items()
    }


def _is_replaceable_null(schema: Schema, name: str, value: Any) -> bool:
    field = shape.declared(schema, name) or {}
    return value is None and "default" in field and not field.get("nullable")
