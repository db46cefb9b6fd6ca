"""Decide which files of the context a build sees, from `.dockerignore`."""

from pathlib import Path

from bot.sandbox.runner import globs


class Ignored:
    """The patterns in order; the last that fits decides, and `!` takes a file back in."""

    def __init__(self, context: Path) -> None:
        file = context / ".dockerignore"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        lines = (line.strip() for line in text.splitlines())
        self._patterns = [line for line in lines if line and not line.startswith("#")]

    def __contains__(self, path: str) -> bool:
        """Whether a path, relative to the context, is left out."""
        ignored = False
        for pattern in self._patterns:
            wanted = pattern.removeprefix("!").strip("/")
            if globs.covers(path, (wanted,)):
                ignored = not pattern.startswith("!")
        return ignored
