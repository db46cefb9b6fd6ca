"""The limits that a schema sets to single values: enums, patterns, sizes, formats."""

import datetime as dt
import functools
import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Schema


def faults(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """Yield a cause for each limit that the value exceeds."""
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(json.dumps(each) for each in schema["enum"])
        message = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        yield Cause(path, "FieldValueNotSupported", message)
    if isinstance(value, str):
        yield from _text_faults(value, schema, path)
    elif isinstance(value, list):
        yield from _size_faults(len(value), schema, path, ("Items", "items"))
    elif isinstance(value, dict):
        yield from _size_faults(len(value), schema, path, ("Properties", "properties"))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(value, schema, path)


def _text_faults(value: str, schema: Schema, path: str) -> Iterator[Cause]:
    shown = json.dumps(value)
    yield from _size_faults(len(value), schema, path, ("Length", "chars long"))
    if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
        yield _invalid(path, shown, f"should match '{schema['pattern']}'")
    if "format" in schema and not _has_format(value, schema["format"]):
        yield _invalid(path, shown, f"must be of type {schema['format']}: {shown}")


def _size_faults(size: int, schema: Schema, path: str, words: tuple[str, str]) -> Iterator[Cause]:
    keyword, unit = words
    most, least = schema.get(f"max{keyword}"), schema.get(f"min{keyword}")
    if most is not None and size > most:
        reason = "FieldValueTooMany" if keyword == "Items" else "FieldValueTooLong"
        word = "Too many" if keyword == "Items" else "Too long"
        limit = "must have at most" if keyword == "Items" else "may not be more than"
        yield Cause(path, reason, f"{word}: {size}: {limit} {most} {unit}")
    if least is not None and size < least:
        yield _invalid(path, str(size), f"should have at least {least} {unit}")


def _number_faults(value: float, schema: Schema, path: str) -> Iterator[Cause]:
    most, least = schema.get("maximum"), schema.get("minimum")
    if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
        sign = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield _invalid(path, str(value), f"should be {sign} {least}")
    if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
        sign = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield _invalid(path, str(value), f"should be {sign} {most}")
    if (step := schema.get("multipleOf")) and value % step:
        yield _invalid(path, str(value), f"should be a multiple of {step}")


def _invalid(path: str, shown: str, rule: str) -> Cause:
    return Cause(path, "FieldValueInvalid", f"Invalid value: {shown}: {path} in body {rule}")


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""Read Go's `\\z` as Python's `\\Z`; the rest of what schemas use is the same in both."""
    return re.compile(pattern.replace("\\z", "\\Z"))


def _has_format(value: str, name: str) -> bool:
    try:
        match name:
            case "date-time":
                dt.datetime.fromisoformat(value)
            case "ipv4":
                ipaddress.IPv4Address(value)
            case "ipv6":
                ipaddress.IPv6Address(value)
            case "cidr":
                ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True
