"""Path patterns as GitLab reads them: `*` stays within a folder, `**` does not."""

import functools
import re
from collections.abc import Iterable
from typing import Final

_PIECES: Final = re.compile(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\]|\{[^}]*\})")
_WILDCARDS: Final = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(piece) for piece in _PIECES.split(pattern)))


def _translated(piece: str) -> str:
    if piece in _WILDCARDS:
        return _WILDCARDS[piece]
    if piece.startswith("[") and piece.endswith("]"):
        return "[^" + piece[2:] if piece.startswith("[!") else piece
    if piece.startswith("{") and piece.endswith("}"):
        return "(?:" + "|".join(re.escape(choice) for choice in piece[1:-1].split(",")) + ")"
    return re.escape(piece)


def matches(path: str, pattern: str) -> bool:
    """Whether the pattern means exactly this path."""
    return _compiled(pattern.removeprefix("./")).fullmatch(path) is not None


def covers(path: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern means this path or a folder that it lies in."""
    folders = path.split("/")
    ancestors = ["/".join(folders[:end]) for end in range(1, len(folders) + 1)]
    cleaned = [pattern.removeprefix("./").rstrip("/") for pattern in patterns]
    return any(
        pattern in {"", "."} or matches(ancestor, pattern)
        for pattern in cleaned
        for ancestor in ancestors
    )
