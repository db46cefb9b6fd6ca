"""Derive schemas from the types of the official Python client, which takes seconds: `models` keeps them.

The client is generated from Kubernetes' own OpenAPI document and lies in this environment anyway, so the field names,
types and descriptions are the true ones. What it lost on the way (merge keys, defaults, quantities) is in `merge_keys`
and `model_defaults`.
"""

import functools
import re
from typing import Any, get_args

from kubernetes import client
from pydantic.fields import FieldInfo

from bot.sandbox.cluster.api import merge_keys, model_defaults, model_limits
from bot.sandbox.cluster.api.resources import INT_OR_STRING, MODEL, OPEN, Schema

_QUANTITY: Schema = {**INT_OR_STRING, "pattern": model_limits.QUANTITY}
_SCALARS: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "bytes": {"type": "string", "format": "byte"},
}
_GENERIC = re.compile(r"(List|Dict)\[(?:str, )?(.*)\]")


@functools.cache
def schema_of(model_name: str) -> Schema:
    """Return the structural schema of one model, with those of its fields inside it.

    The result is shared and must not be changed.
    """
    if model_name in merge_keys.OPAQUE:
        return {"type": "object", **OPEN}
    model = getattr(client, model_name)
    declared = {
        field.serialization_alias or name: field for name, field in model.model_fields.items()
    }
    fields = {
        name: _field(model_name, name, model.openapi_types[attribute], declared[name])
        for attribute, name in model.attribute_map.items()
    }
    schema: Schema = {"type": "object", MODEL: model_name, "properties": fields}
    if model_name in merge_keys.ATOMIC_MODELS:
        schema["x-kubernetes-map-type"] = "atomic"
    required = _required(declared, model_name)
    return schema | {"required": required} if required else schema


def _required(declared: dict[str, FieldInfo], model_name: str) -> list[str]:
    """Leave a status alone: what a controller has not filled in counts as zero."""
    if model_name.endswith("Status"):
        return []
    given = {"metadata", *_defaults(model_name)}
    stated = [name for name, field in declared.items() if field.is_required() and name not in given]
    return [*stated, *model_limits.REQUIRED.get(model_name, ())]


def _defaults(model_name: str) -> dict[str, Any]:
    return model_defaults.DEFAULTS.get(model_name, {})


def _field(model_name: str, name: str, type_name: str, declared: FieldInfo) -> Schema:
    schema = dict(_typed(type_name, declared.annotation))
    if name in merge_keys.QUANTITIES.get(model_name, ()):
        schema = _quantity(schema)
    schema |= merge_keys.extensions(model_name, name)
    schema |= model_limits.LIMITS.get(model_name, {}).get(name, {})
    if name in _defaults(model_name):
        schema["default"] = _defaults(model_name)[name]
    if declared.description:
        schema["description"] = declared.description
    return schema


def _quantity(schema: Schema) -> Schema:
    """Accept `cpu: 1` beside `cpu: "1"`, as the real type does."""
    if schema.get("type") == "object":
        return {"type": "object", "additionalProperties": _QUANTITY}
    return dict(_QUANTITY)


def _typed(type_name: str, annotation: Any) -> Schema:
    if type_name in _SCALARS:
        return _SCALARS[type_name]
    if type_name == "object":
        return INT_OR_STRING if _takes_both(annotation) else OPEN
    if generic := _GENERIC.fullmatch(type_name):
        inner = _typed(generic[2], None)
        if generic[1] == "List":
            return {"type": "array", "items": inner}
        return {"type": "object", "additionalProperties": inner}
    return schema_of(type_name)


def _takes_both(annotation: Any) -> bool:
    named = {str(argument) for argument in get_args(annotation)}
    return any("int" in name for name in named) and any("str" in name for name in named)
