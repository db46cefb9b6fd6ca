"""Diffs line by line, numbered as in the old and the new file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.gitlab.git.diffs import FileDiff

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff."""

    kind: str
    old: int | str
    new: int | str
    text: str


def readable(files: Iterable[FileDiff]) -> list[dict[str, Any]]:
    """The files with their lines, for the template."""
    return [
        asdict(file)
        | {
            "is_new": file.is_new,
            "is_deleted": file.is_deleted,
            "is_renamed": file.is_renamed,
            "lines": list(_lines(file.text)),
        }
        for file in files
    ]


def _lines(text: str) -> Iterator[Line]:
    old = new = 0
    for line in text.splitlines():
        hunk = _HUNK.match(line)
        if hunk:
            old, new = int(hunk[1]), int(hunk[2])
            yield Line("hunk", "", "", line)
        elif line.startswith("+"):
            yield Line("plus", "", new, line)
            new += 1
        elif line.startswith("-"):
            yield Line("minus", old, "", line)
            old += 1
        else:
            yield Line("same", old, new, line)
            old, new = old + 1, new + 1
