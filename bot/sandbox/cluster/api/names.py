"""What names, labels and annotations may look like."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Resource

Object = dict[str, Any]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SERVICE = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_MAX_LABEL = 63
_MAX_SUBDOMAIN = 253
_MAX_ANNOTATIONS = 256 * 1024
_LABEL_KINDS = frozenset({"namespaces", "services"})


def faults(resource: Resource, metadata: Object) -> list[Cause]:
    """Return what is wrong with an object's own metadata."""
    return [
        *_name_faults(resource, metadata["name"]),
        *_label_faults(metadata.get("labels") or {}),
        *_annotation_faults(metadata.get("annotations") or {}),
        *_finalizer_faults(metadata.get("finalizers") or []),
    ]


def _invalid(field: str, value: Any, why: str) -> Cause:
    return Cause(field, "FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {why}")


def _name_faults(resource: Resource, name: str) -> Iterator[Cause]:
    if resource.group == "rbac.authorization.k8s.io":
        if name in (".", "..") or "/" in name or "%" in name:
            yield _invalid("metadata.name", name, "may not contain '/' or '%'")
        return
    is_label = resource.group == "" and resource.plural in _LABEL_KINDS
    pattern = _SERVICE if resource.plural == "services" else _LABEL if is_label else _SUBDOMAIN
    longest = _MAX_LABEL if is_label else _MAX_SUBDOMAIN
    if len(name) > longest:
        yield _invalid("metadata.name", name, f"must be no more than {longest} characters")
    if not re.fullmatch(pattern, name):
        yield _invalid("metadata.name", name, _name_rule(pattern, is_label=is_label))


def _name_rule(pattern: str, *, is_label: bool) -> str:
    form, example, dot = (
        ("label", "my-name", "") if is_label else ("subdomain", "example.com", " or '.'")
    )
    joined = " or '-'" if is_label else ", '-'"
    return (
        f"a lowercase RFC 1123 {form} must consist of lower case alphanumeric characters{joined}{dot}, "
        "and must start and end with an alphanumeric character "
        f"(e.g. '{example}', regex used for validation is '{pattern}')"
    )


def _label_faults(labels: Object) -> Iterator[Cause]:
    for key, value in labels.items():
        yield from _key_faults("metadata.labels", key)
        if len(value) > _MAX_LABEL:
            yield _invalid(
                "metadata.labels", value, f"must be no more than {_MAX_LABEL} characters"
            )
        if not re.fullmatch(_VALUE, value):
            yield _invalid(
                "metadata.labels",
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                "and must start and end with an alphanumeric character",
            )


def _annotation_faults(annotations: Object) -> Iterator[Cause]:
    for key in annotations:
        yield from _key_faults("metadata.annotations", key.lower())
    if sum(len(key) + len(value) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        why = f"may not be more than {_MAX_ANNOTATIONS} bytes"
        yield Cause("metadata.annotations", "FieldValueTooLong", f"Too long: {why}")


def _finalizer_faults(finalizers: list[str]) -> Iterator[Cause]:
    for name in finalizers:
        if "/" in name:
            yield from _key_faults("metadata.finalizers", name)


def _key_faults(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    if not name or len(name) > _MAX_LABEL or not re.fullmatch(_VALUE, name):
        why = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        yield _invalid(field, key, why)
    if slash and not re.fullmatch(_SUBDOMAIN, prefix):
        yield _invalid(field, key, "prefix part must be a lowercase RFC 1123 subdomain")
