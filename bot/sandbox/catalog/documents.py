"""Entity files: YAML documents as Backstage's parser sees them."""

import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError

from bot.sandbox.catalog.errors import Problem
from bot.sandbox.catalog.gitlab import File
from bot.sandbox.catalog.refs import Document


class _CoreConstructor(SafeConstructor):
    """YAML 1.2's core schema: a date is text."""


_CoreConstructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def parsed(text: str | bytes) -> list[Any]:
    """All documents of a YAML text, as JSON values.

    Raises:
        ValueError: it is no YAML, with the parser's words.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _CoreConstructor
    try:
        source = text.decode() if isinstance(text, bytes) else text
        return [_as_json(document) for document in yaml.load_all(source)]
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError(str(error).replace("\n", " ")) from error


def entities_in(file: File) -> tuple[list[Document], list[Problem]]:
    """The entities of a file, and what is wrong with the rest of it; empty documents are passed over."""
    try:
        found = [document for document in parsed(file.content) if document is not None]
    except ValueError as error:
        return [], [Problem("InputError", f"YAML error at url:{file.url}, YAMLParseError: {error}")]
    wrong = [
        Problem(
            "InputError",
            f"YAML error at url:{file.url}, Error: Expected object at root, got {_type(item)}",
        )
        for item in found
        if not isinstance(item, dict)
    ]
    return [item for item in found if isinstance(item, dict)], wrong


def _as_json(value: Any) -> Any:
    """Mapping keys become text as they do in JavaScript; what JSON cannot hold is refused."""
    if isinstance(value, dict):
        return {_key(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_as_json(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "object"
