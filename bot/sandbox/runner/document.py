"""The text of a `.gitlab-ci.yml` as plain values that remember their lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.sandbox.runner.plan import CiConfigError

REFERENCE_TAG: Final = "!reference"
_DEPTH_OF_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """`!reference [job, key]`: the value of another part of the file."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The file's content, and the line on which each key stands."""

    content: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]

    def at(self, *path: str) -> str:
        """Where the nearest known part of a path stands, ready to be put behind an error."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f" (line {self.lines[path[:end]]})"
        return ""


def load(text: str) -> Document:
    """Read the YAML.

    Raises:
        CiConfigError: it is not YAML, empty, or not a hash.
    """
    if not text.strip():
        raise CiConfigError(("Please provide content of .gitlab-ci.yml",))
    try:
        loaded = YAML().load(text)
    except MarkedYAMLError as error:
        raise CiConfigError((_syntax(error),)) from error
    except (YAMLError, ValueError) as error:
        raise CiConfigError((f"(<unknown>): {_first_line(str(error))}",)) from error
    if not isinstance(loaded, CommentedMap):
        raise CiConfigError(("Invalid configuration format",))
    lines: dict[tuple[str, ...], int] = {}
    _collect_lines(loaded, (), lines)
    return Document(content=_plain(loaded), lines=lines)


def _syntax(error: MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
    context = f" {error.context}" if error.context else ""
    return f"(<unknown>): {_first_line(error.problem or 'not YAML')}{context}{where}"


def _first_line(text: str) -> str:
    return re.split(r"\n", text, maxsplit=1)[0]


def _collect_lines(
    node: CommentedMap, path: tuple[str, ...], lines: dict[tuple[str, ...], int]
) -> None:
    for key, value in node.items():
        here = (*path, str(key))
        if key in node.lc.data:  # a key that a merge brought has no line here
            lines[here] = node.lc.data[key][0] + 1
        if isinstance(value, CommentedMap) and len(here) < _DEPTH_OF_LINES:
            _collect_lines(value, here, lines)


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    tag = node.tag.value if isinstance(node, CommentedSeq | TaggedScalar) else None
    if tag == REFERENCE_TAG:
        return Reference(tuple(str(part) for part in node))
    if tag is not None:
        raise CiConfigError((f"(<unknown>): unknown tag {tag}",))
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return _plain_scalar(node)


def _plain_scalar(node: Any) -> bool | int | float | str | None:
    """The value without the wrappers in which ruamel keeps how it was written."""
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float):
        if isinstance(node, kind):
            return kind(node)
    return str(node)
