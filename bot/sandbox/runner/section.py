"""One mapping of the configuration, asked for values of a type; what does not fit is noted in lint's words."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from bot.sandbox.runner.document import Document

_VARIABLE_KEYS: Final = frozenset({"value", "description", "expand", "options"})
_DURATION: Final = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>w|d|h|m|s)?[a-z]*", re.IGNORECASE
)
_SECONDS: Final = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Problems:
    """The errors found so far, each with its line."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.found: list[str] = []

    def add(self, text: str, *path: str) -> None:
        """Note an error and where in the file it is."""
        self.found.append(f"{text}{self._document.at(*path)}")


class Section:
    """A hash of the file: `jobs:test`, `default`, `workflow` and what lies in them."""

    def __init__(
        self, content: Mapping[str, Any], path: tuple[str, ...], problems: Problems
    ) -> None:
        self.content = content
        self.path = path
        self.problems = problems

    @property
    def title(self) -> str:
        """What lint calls it."""
        in_jobs = self.path[0] not in {"default", "workflow", "root"}
        return ":".join(("jobs", *self.path) if in_jobs else self.path)

    def complain(self, key: str, text: str) -> None:
        """Note that the value of a key is not acceptable."""
        self.problems.add(f"{self.title}:{key} config {text}", *self.path, key)

    def refuse_others(self, known: Collection[str], unsupported: Collection[str] = ()) -> None:
        """Note the keys that GitLab does not know, and those that only this runner does not."""
        unknown = [key for key in self.content if key not in known and key not in unsupported]
        if unknown:
            where = (*self.path, unknown[0])
            self.problems.add(
                f"{self.title} config contains unknown keys: {', '.join(unknown)}", *where
            )
        for key in self.content:
            if key in unsupported:
                self.complain(key, "is not supported by this runner")

    def child(self, key: str) -> "Section":
        """The hash below a key; empty where there is none."""
        value = self.content.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.complain(key, "should be a hash")
        return Section(
            value if isinstance(value, Mapping) else {}, (*self.path, key), self.problems
        )

    def text(self, key: str) -> str | None:
        """A string, or a number as one."""
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.complain(key, "should be a string")
            return None
        return str(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            self.complain(key, "should be a boolean value")
            return default
        return value

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """One of some words."""
        value = self.content.get(key, default)
        if value not in allowed:
            self.problems.add(
                f"{self.title} {key} should be one of: {', '.join(allowed)}", *self.path, key
            )
            return default
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A string or an array of strings, which may be nested."""
        value = self.content.get(key)
        if value is None:
            return ()
        lines = list(_flattened(value))
        if not all(isinstance(line, str) for line in lines):
            self.complain(
                key, "should be a string or a nested array of strings up to 10 levels deep"
            )
            return ()
        return tuple(str(line) for line in lines)

    def duration(self, key: str) -> float | None:
        """A length of time in seconds, from words such as `1h 30m`."""
        text = self.text(key)
        if text is None:
            return None
        found = list(_DURATION.finditer(text))
        if not found:
            self.complain(key, "should be a duration")
            return None
        return sum(
            float(part["number"]) * _SECONDS[(part["unit"] or "s").lower()] for part in found
        )

    def variables(self, key: str = "variables") -> dict[str, str]:
        """Names and values; a value that must not be expanded comes with its dollar signs doubled."""
        value = self.content.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.complain(key, "should be a hash of key value pairs, value can be a hash")
            return {}
        return {name: self._variable(key, name, one) for name, one in value.items()}

    def _variable(self, key: str, name: str, value: Any) -> str:
        whole = value if isinstance(value, Mapping) else {"value": value}
        if not set(whole) <= _VARIABLE_KEYS:
            self.complain(key, "uses invalid data keys: " + ", ".join(set(whole) - _VARIABLE_KEYS))
        inner = whole.get("value", "")
        if not isinstance(inner, str | int | float):
            self.complain(key, f"should be a hash of key value pairs ({name} is not)")
            return ""
        text = str(inner).lower() if isinstance(inner, bool) else str(inner)
        return text if whole.get("expand", True) else text.replace("$", "$$")


def _flattened(value: object) -> Iterator[object]:
    if not isinstance(value, list):
        yield value
        return
    for part in value:
        yield from _flattened(part)
