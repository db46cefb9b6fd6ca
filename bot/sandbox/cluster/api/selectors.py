"""Label and field selectors, as clients write them in a query."""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.cluster import Call
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.resources import Resource

Object = dict[str, Any]
Test = Callable[[Object], bool]

_EVERYWHERE = ("metadata.name", "metadata.namespace")
_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase"),
    ("", "Namespace"): ("status.phase",),
    ("", "Secret"): ("type",),
    ("", "Event"): (
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.fieldPath",
        "involvedObject.resourceVersion",
        "reason",
        "type",
    ),
}
"""By which fields a kind can be selected, beside its name."""

_SET = re.compile(r"^(?P<key>[^\s=!,()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s=!,()]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^\s=!,()]*)$")
_EXISTS = re.compile(r"^(?P<no>!?)\s*(?P<key>[^\s=!,()]+)$")
_FIELD = re.compile(r"^(?P<key>[^=!]+?)(?P<op>==|=|!=)(?P<value>.*)$")


def of_call(call: Call) -> Test:
    """Return a test of objects for the selectors of a call.

    Raises:
        Refusal: a selector cannot be read, or names a field that the kind is not selected by.
    """
    by_fields = [
        _field_test(call.resource, part) for part in _parts(call.query.get("fieldSelector", ""))
    ]
    by_labels = of_labels(call.query.get("labelSelector", ""))
    return lambda item: by_labels(item) and all(test(item) for test in by_fields)


def of_labels(selector: str) -> Test:
    """Return a test of objects for a label selector.

    Raises:
        Refusal: it cannot be read.
    """
    tests = [_label_test(part) for part in _parts(selector)]
    return lambda item: all(test(item) for test in tests)


def _parts(selector: str) -> list[str]:
    """Split at commas outside of parentheses."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", selector) if part.strip()]


def _labels(item: Object) -> Object:
    found: Object = item.get("metadata", {}).get("labels") or {}
    return found


def _label_test(part: str) -> Test:
    if match := _SET.match(part):
        values = {value.strip() for value in match["values"].split(",")}
        return _one_of(match["key"], values, wanted=match["op"] == "in")
    if match := _EQUAL.match(part):
        return _one_of(match["key"], {match["value"]}, wanted=match["op"] != "!=")
    if match := _EXISTS.match(part):
        key, absent = match["key"], bool(match["no"])
        return lambda item: (key not in _labels(item)) is absent
    raise refusals.bad_request(f"unable to parse requirement: {part}")


def _one_of(key: str, values: set[str], *, wanted: bool) -> Test:
    """A label that is absent is in no set, so `notin` and `!=` choose it."""
    return lambda item: (_labels(item).get(key) in values) is wanted


def _field_test(resource: Resource, part: str) -> Test:
    match = _FIELD.match(part)
    if match is None:
        raise refusals.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    if match["key"] not in (*_EVERYWHERE, *_FIELDS.get((resource.group, resource.kind), ())):
        raise refusals.bad_request(f"field label not supported: {match['key']}")
    path, value, wanted = match["key"].split("."), match["value"], match["op"] != "!="
    return lambda item: (_as_text(at(item, *path)) == value) is wanted


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
