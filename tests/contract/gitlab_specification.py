"""GitLab's own API document, read with the corrections that facts about the real server ask for."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it has no stubs

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "specs" / "gitlab-openapi-v2.yaml"
PREFIX = "/api/v4"
# The server answers otherwise than the document says; left out are those that it answers too.
CORRECTED_STATUS = {
    ("POST", "/projects/{id}/repository/commits"): 201,
    ("POST", "/projects/{id}/statuses/{sha}"): 201,
    ("DELETE", "/groups/{id}"): 202,
    ("PUT", "/projects/{id}/merge_requests/{iid}/rebase"): 202,
}
# Described as the anonymous get it; with a token it is more.
CORRECTED_SCHEMA = {
    ("GET", "/projects"): {"$ref": "#/definitions/API_Entities_Project"},
}
# Fields that the server sends and the document forgets.
FORGOTTEN_FIELDS = {
    "Project": "permissions",
    "ProjectWithAccess": "permissions",
    "User": """email commit_email confirmed_at last_sign_in_at current_sign_in_at theme_id color_scheme_id
        projects_limit identities can_create_group can_create_project two_factor_enabled external
        private_profile is_admin""",
    "PersonalAccessToken": "token",
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Operation:
    """What the document says of one route."""

    statuses: frozenset[int]
    schema: Mapping[str, Any] | None


@functools.cache
def document() -> dict[str, Any]:
    """The whole document."""
    found: dict[str, Any] = yaml.load(
        DOCUMENT.read_text(encoding="utf-8"),
        Loader=yaml.CSafeLoader,
    )
    return found


@functools.cache
def _paths() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), _shape(path)): operation
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def operation(method: str, path: str) -> Operation | None:
    """What the document says, or None where it has forgotten the route."""
    found = _paths().get((method, _shape(PREFIX + path)))
    if found is None:
        return None
    answers = {int(code): answer for code, answer in found["responses"].items()}
    good = [code for code in answers if code < 300]
    schema = next((answers[code].get("schema") for code in good if answers[code]), None)
    schema = CORRECTED_SCHEMA.get((method, path), schema)
    statuses = set(good)
    if (method, path) in CORRECTED_STATUS:
        statuses = {CORRECTED_STATUS[method, path]}
    return Operation(frozenset(statuses), schema)


def problems(value: Any, schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Where a value does not fit; null is always right, since the document knows no null."""
    if value is None:
        return
    reference = schema.get("$ref")
    if reference:
        yield from _entity_problems(value, reference.rpartition("/")[2], where)
    elif schema.get("type") == "array" and isinstance(value, list):
        for number, item in enumerate(value):
            yield from problems(item, schema.get("items") or {}, f"{where}[{number}]")
    elif not _fits(value, str(schema.get("type"))):
        yield f"{where}: {value!r} is not {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"


def _fits(value: Any, kind: str) -> bool:
    """`string` is what the document says where it does not know better."""
    if kind not in _TYPES:
        return True
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _entity_problems(value: Any, name: str, where: str) -> Iterator[str]:
    if isinstance(value, list):  # several lists are described as one object
        for number, item in enumerate(value):
            yield from _entity_problems(item, name, f"{where}[{number}]")
    elif not isinstance(value, dict):
        yield f"{where}: {value!r} is not a {name}"
    else:
        known = document()["definitions"][name].get("properties", {})
        forgotten = FORGOTTEN_FIELDS.get(name.removeprefix("API_Entities_"), "").split()
        for key, item in value.items():
            if key in known:
                yield from problems(item, known[key], f"{where}.{key}")
            elif key not in forgotten:
                yield f"{where}.{key}: {name} has no such field"
