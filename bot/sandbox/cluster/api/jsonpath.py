"""The part of JSONPath that printer columns use: fields, indexes, `[*]` and `[?(@.type=="Ready")]`."""

import functools
import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(
    r"""\.(?P<field>(?:[^.\[\\]|\\.)+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \['(?P<quoted>[^']+)'\]
      | \[\?\(@\.(?P<key>[\w.]+)\s*==\s*['"](?P<value>[^'"]*)['"]\)\]""",
    re.VERBOSE,
)


def reader(path: str) -> Callable[[dict[str, Any]], Any]:
    """Return a function that reads the path; several values are joined, none is None."""
    steps = [_step(match) for match in _TOKEN.finditer(path)]
    return functools.partial(_read, steps)


def _read(steps: list[Callable[[Any], list[Any]]], item: Any) -> Any:
    found = [item]
    for step in steps:
        found = [value for each in found for value in step(each)]
    if not found:
        return None
    return found[0] if len(found) == 1 else ",".join(str(each) for each in found)


def _step(match: re.Match[str]) -> Callable[[Any], list[Any]]:
    if match["index"] is not None:
        return functools.partial(_at_index, int(match["index"]))
    if match["all"]:
        return lambda value: value if isinstance(value, list) else []
    if match["key"]:
        return functools.partial(_where, match["key"], match["value"])
    name = match["quoted"] or re.sub(r"\\(.)", r"\1", match["field"])
    return functools.partial(_field, name)


def _at_index(index: int, value: Any) -> list[Any]:
    fits = isinstance(value, list) and -len(value) <= index < len(value)
    return [value[index]] if fits else []


def _where(key: str, wanted: str, value: Any) -> list[Any]:
    return (
        [each for each in value if str(each.get(key)) == wanted] if isinstance(value, list) else []
    )


def _field(name: str, value: Any) -> list[Any]:
    return [value[name]] if isinstance(value, dict) and name in value else []
