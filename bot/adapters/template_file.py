"""Reading `template.yaml`: a Backstage Template with what the bot needs besides."""

from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
from pydantic import JsonValue
from ruamel.yaml import YAML, MappingNode
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from typing_extensions import override

from bot.domain.errors import PermanentError
from bot.ports.template_library import FormDialect, FormPage, Template

NAME = "template.yaml"
_API_VERSION = "scaffolder.backstage.io/v1beta3"


class _Constructor(SafeConstructor):
    """Takes what Backstage's reader takes: an unquoted `{{ x }}` is a mapping with a mapping as its key."""

    @override
    def construct_mapping(self, node: MappingNode, deep: bool = False) -> Any:
        """Turn keys that Python cannot hash into text."""
        self.flatten_mapping(node)
        pairs = [
            (self.construct_object(key, deep=True), self.construct_object(value, deep=deep))
            for key, value in node.value
        ]
        return {key if isinstance(key, Hashable) else str(key): value for key, value in pairs}


def read(folder: Path, *, digest: str) -> Template | None:
    """Read a template's file; None when it has no `spec.idp` and is Backstage's alone.

    Raises:
        PermanentError: the file is no such template; says where, and what to mend.
    """
    file = folder / NAME
    content = _parsed(file)
    _expect(file, content.get("apiVersion") == _API_VERSION, f"apiVersion must be {_API_VERSION}")
    _expect(file, content.get("kind") == "Template", "kind must be Template")
    metadata, spec = _mapping(file, content, "metadata"), _mapping(file, content, "spec")
    if "idp" not in spec:
        return None
    idp = _mapping(file, spec, "idp", of="spec.")
    name = metadata.get("name")
    _expect(file, isinstance(name, str) and name != "", "metadata.name must be a text")
    _expect(file, isinstance(idp.get("pipeline"), str), "spec.idp.pipeline must be a text")
    return Template(
        name=str(name),
        title=str(metadata.get("title") or name),
        description=str(metadata.get("description") or ""),
        pipeline=str(idp["pipeline"]),
        pages=_pages(file, spec.get("parameters", [])),
        skeletons=_skeletons(file, _mapping(file, idp, "skeletons", of="spec.idp.")),
        digest=digest,
    )


def _parsed(file: Path) -> dict[str, Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.allow_duplicate_keys = True
    try:
        content = _as_json(yaml.load(file.read_text(encoding="utf-8")))
    except (YAMLError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file} is no valid YAML: {error}", "Mend the file.") from error
    _expect(file, isinstance(content, dict), "it must be a mapping")
    return content  # type: ignore[return-value]  # _expect has seen to it


def _as_json(value: object) -> JsonValue:
    match value:
        case dict():
            return {str(key): _as_json(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [_as_json(item) for item in value]
        case date():
            return value.isoformat()
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)


def _pages(file: Path, parameters: object) -> tuple[FormPage, ...]:
    """Backstage takes one page as it is, or a list of pages."""
    pages = parameters if isinstance(parameters, list) else [parameters]
    return tuple(_page(file, page, f"spec.parameters[{n}]") for n, page in enumerate(pages))


def _page(file: Path, page: object, place: str) -> FormPage:
    _expect(file, isinstance(page, dict), f"{place} must be a mapping")
    schema: dict[str, Any] = {"type": "object", **page}  # type: ignore[dict-item]  # _expect has seen to it
    _expect(file, isinstance(schema.get("properties", {}), dict), f"{place}.properties: a mapping")
    try:
        FormDialect.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = ".".join((place, *map(str, error.absolute_path)))
        raise PermanentError(
            f"{file}: {where} is no valid JSON Schema: {error.message}", "Mend the template."
        ) from error
    return FormPage(title=str(schema.get("title") or ""), schema_=schema)


def _skeletons(file: Path, skeletons: Mapping[str, Any]) -> dict[str, str]:
    """The skeletons' folders, relative to the template's and inside it."""
    places: dict[str, str] = {}
    for name, value in skeletons.items():
        place = PurePosixPath(str(value))
        is_inside = not place.is_absolute() and ".." not in place.parts
        _expect(file, is_inside, f"spec.idp.skeletons.{name} must lie in the template's folder")
        is_folder = (file.parent / place).is_dir()
        _expect(file, is_folder, f"spec.idp.skeletons.{name} names no folder ({value})")
        places[name] = place.as_posix()
    return places


def _mapping(file: Path, content: Mapping[str, Any], key: str, *, of: str = "") -> dict[str, Any]:
    value = content.get(key)
    _expect(file, isinstance(value, dict), f"{of}{key} must be a mapping")
    return value  # type: ignore[return-value]  # _expect has seen to it


def _expect(file: Path, holds: bool, rule: str) -> None:  # noqa: FBT001 reads as a sentence: expect that it holds
    if not holds:
        raise PermanentError(f"{file} is no template that the bot can use: {rule}.", "Mend it.")
