"""The rules that an entity must keep, in Backstage's order and words."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from bot.sandbox.catalog import kinds, refs
from bot.sandbox.catalog.refs import Document

_ROOT_FIELDS = frozenset({"apiVersion", "kind", "metadata", "spec"})
_MAX = 63
_MAX_DOMAIN = 253
_NAME = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_DNS_LABEL = re.compile(r"^[a-z0-9]+(-+[a-z0-9]+)*$")
_KIND = re.compile(r"^[a-zA-Z][a-z0-9A-Z]*$")
_TAG = re.compile(r"^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$")
_GUIDE = (
    "To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/"
    "docs/architecture-decisions/adr002-default-catalog-file-format.md"
)
_OBJECT_NAME = "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
_LABEL = "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total"

_ENVELOPE = Draft202012Validator(kinds.ENVELOPE)
_METADATA = Draft202012Validator(kinds.METADATA)
_KINDS = {kind: Draft202012Validator(schema) for kind, schema in kinds.SCHEMAS.items()}

Check = tuple[str, Any, Callable[[Any], bool], str]


class InvalidError(Exception):
    """An entity that breaks a rule."""


def check_envelope(entity: Any) -> None:
    """Enough to know the entity's reference.

    Raises:
        InvalidError: it has none.
    """
    _require(_ENVELOPE, entity)


def check(entity: Document) -> None:
    """All rules that do not depend on other entities.

    Raises:
        InvalidError: the first one that it breaks.
    """
    ref = refs.ref_of(entity)
    try:
        _check_policies(entity)
    except InvalidError as error:
        raise InvalidError(f"Policy check failed for {ref}; caused by Error: {error}") from error
    _check_kind(entity, ref)


def _check_policies(entity: Document) -> None:
    for field in entity:
        if field not in _ROOT_FIELDS:
            raise InvalidError(f"Unknown field {field}")
    _require(_METADATA, entity)
    for field, value, is_valid, expectation in _field_formats(entity):
        if not is_valid(value):
            raise InvalidError(
                f'"{field}" is not valid; expected {expectation} but found "{value}". {_GUIDE}'
            )


def _check_kind(entity: Document, ref: str) -> None:
    kind = entity["kind"]
    if kind not in _KINDS or entity["apiVersion"] not in kinds.versions_of(kind):
        raise InvalidError(
            f"No processor recognized the entity {ref} as valid, possibly caused by a foreign kind or apiVersion"
        )
    try:
        _require(_KINDS[kind], entity)
    except InvalidError as error:
        processor = (
            "ScaffolderEntitiesProcessor" if kind == "Template" else "BuiltinKindsEntityProcessor"
        )
        raise InvalidError(
            f"Processor {processor} threw an error while validating the entity {ref}; caused by TypeError: {error}"
        ) from error


def _field_formats(entity: Document) -> Iterator[Check]:
    metadata = entity["metadata"]
    yield (
        "kind",
        entity["kind"],
        _matches(_KIND),
        ("a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"),
    )
    yield "metadata.name", metadata["name"], _matches(_NAME), _OBJECT_NAME
    if "namespace" in metadata:
        yield "metadata.namespace", metadata["namespace"], _matches(_DNS_LABEL), _LABEL
    for group in ("labels", "annotations"):
        for key in metadata.get(group) or {}:
            yield f"{group}.{key}", key, _is_prefixed_key, "a valid prefix and/or suffix"
    for key, value in (metadata.get("labels") or {}).items():
        yield f"labels.{key}", value, lambda text: not text or _matches(_NAME)(text), _OBJECT_NAME
    for index, tag in enumerate(metadata.get("tags") or ()):
        yield (
            f"tags.{index}",
            tag,
            _matches(_TAG),
            (
                "a string that is sequences of [a-z0-9:+#] separated by [-], at most 63 characters in total"
            ),
        )
    for index, link in enumerate(metadata.get("links") or ()):
        yield f"links.{index}.url", link["url"], _is_url, "a string that is a valid url"


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda text: len(text) <= _MAX and bool(pattern.match(text)) and not text.endswith("\n")


def _is_prefixed_key(key: str) -> bool:
    """An optional DNS subdomain, a slash, and a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (
        len(prefix) <= _MAX_DOMAIN
        and all(len(part) <= _MAX and _DNS_LABEL.match(part) for part in prefix.split("."))
    ):
        return False
    return _matches(_NAME)(name)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False


def _require(validator: Draft202012Validator, entity: Any) -> None:
    error = next(iter(validator.iter_errors(entity)), None)
    if error is not None:
        raise InvalidError(_words(error))


def _words(error: ValidationError) -> str:
    """The schema validator's message as Backstage's own validator words it."""
    path = "".join(f"/{part}" for part in error.absolute_path) or "<root>"
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            missing = next(name for name in wanted if name not in _mapping(error.instance))
            return f"{path} must have required property '{missing}' - missingProperty: {missing}"
        case "type":
            return f"{path} must be {wanted} - type: {wanted}"
        case "minLength":
            return f"{path} must NOT have fewer than {wanted} characters - limit: {wanted}"
        case "enum":
            return f"{path} must be equal to one of the allowed values - allowedValues: {','.join(wanted)}"
        case _:
            return f"{path} {error.message}"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
