"""Filling values into a skeleton, as Backstage's `fetch:template` does."""

import functools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import JsonValue
from typing_extensions import override

from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile

_NOT_EVERYWHERE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def rendered(
    root: Path, files: Iterable[Path], values: Mapping[str, JsonValue]
) -> dict[str, RenderedFile]:
    """Render the files below a folder by their rendered paths.

    A file whose path has an empty part afterwards is left out, so a template can decide whether it is there.

    Raises:
        PermanentError: a file cannot be rendered, or a path would leave the folder or fall on another.
    """
    result: dict[str, RenderedFile] = {}
    for file in files:
        path = _path(file.relative_to(root), file, values)
        if path is None:
            continue
        if path in result:
            raise PermanentError(
                f"Two files of {root} would become {path}; one is {file}.", "Rename one of them."
            )
        content = _content(file, values)
        executable = bool(file.stat().st_mode & 0o100)
        result[path] = RenderedFile(content=content, executable=executable)
    return result


class _Missing(StrictUndefined):
    """Fails like StrictUndefined, in words that a template's author understands."""

    @property
    @override
    def _undefined_message(self) -> str:
        return self._undefined_hint or f"there is no value “{self._undefined_name}”"


@functools.cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        variable_start_string="${{",
        variable_end_string="}}",
        undefined=_Missing,
        keep_trailing_newline=True,
    )
    environment.filters["tojson"] = _quoted
    environment.filters["dump"] = _quoted
    return environment


def _quoted(value: JsonValue, indent: int | None = None) -> str:
    """Write a value so that JSON, YAML and TOML all read the same text.

    Jinja2's own filter writes an emoji as two surrogate escapes, which YAML and TOML do not put together again.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return _NOT_EVERYWHERE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> Template:
    """Most of the time goes into compiling, and the same skeleton is filled for every application."""
    return _environment().from_string(text)


def _path(path: Path, file: Path, values: Mapping[str, JsonValue]) -> str | None:
    """The rendered path, part by part: no value can add a folder of its own or climb out."""
    parts = [_filled(part, file, values) for part in path.parts]
    if not all(parts):
        return None
    for part in parts:
        if part.lower() in {".", "..", ".git"} or any(sign in part for sign in "/\\\0\n"):
            raise PermanentError(
                f"The path of {file} would become “{'/'.join(parts)}”, which is not allowed.",
                "Change the value that the path is made from.",
            )
    return "/".join(parts)


def _content(file: Path, values: Mapping[str, JsonValue]) -> bytes:
    """The filled-in text; what is no text is copied as it is."""
    content = file.read_bytes()
    if b"\0" in content:
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    return _filled(text, file, values).encode("utf-8", "replace")


def _filled(text: str, file: Path, values: Mapping[str, JsonValue]) -> str:
    try:
        return _compiled(text).render(values=values)
    except TemplateSyntaxError as error:
        raise PermanentError(
            f"{file}, line {error.lineno}: {error.message}", "Mend the template."
        ) from error
    except (TemplateError, TypeError, ValueError, OverflowError) as error:
        raise PermanentError(
            f"{file} cannot be rendered: {error}",
            "Mend the template, or give it the value that it asks for.",
        ) from error
