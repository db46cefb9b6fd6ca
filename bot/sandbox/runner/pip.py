"""The jobs' `pip`: what an `install` finds in place is answered at once, everything else is left to pip itself.

Pip takes seconds of a processor to learn that nothing has to be done, and a pipeline asks it in every job. This file is
run as a script by the jobs' own python, so it sees what they see and imports nothing of the sandbox.
"""

import importlib.metadata
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

_HARMLESS: Final = frozenset({"--disable-pip-version-check", "--no-cache-dir", "--no-index"})
_QUIET: Final = frozenset({"-q", "--quiet"})
_FROM_FILE: Final = frozenset({"-r", "--requirement"})


class LeaveItToPip(Exception):
    """Something was asked for that only pip understands."""


def main(arguments: Sequence[str]) -> int:
    """Answer, or become pip."""
    try:
        wanted = list(_wanted(arguments))
        satisfied = [one for one in wanted if _is_satisfied(one)]
    except (LeaveItToPip, InvalidRequirement, OSError):
        wanted, satisfied = [], []
    if not wanted or len(satisfied) < len(wanted):
        os.execv(sys.executable, [sys.executable, "-P", "-m", "pip", *arguments])  # noqa: S606 - it is the job's own python
    if not _QUIET & set(arguments):
        for one in wanted:
            sys.stdout.write(f"Requirement already satisfied: {one}\n")
    return 0


def _wanted(arguments: Sequence[str]) -> Iterator[Requirement]:
    if not arguments or arguments[0] != "install":
        raise LeaveItToPip
    words = iter(arguments[1:])
    for word in words:
        if word in _FROM_FILE:
            yield from _listed(Path(next(words, "")))
        elif word in _HARMLESS or word in _QUIET:
            continue
        elif word.startswith("-"):
            raise LeaveItToPip
        else:
            yield Requirement(word)


def _listed(file: Path) -> Iterator[Requirement]:
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition(" #")[0].strip()
        option, _, other = text.partition(" ")
        if not text or text.startswith("#"):
            continue
        if option in _FROM_FILE:
            yield from _listed(file.parent / other.strip())
        elif text.startswith("-") or "--" in text or text.endswith("\\"):
            raise LeaveItToPip
        else:
            yield Requirement(text)


def _is_satisfied(wanted: Requirement) -> bool:
    if wanted.marker and not wanted.marker.evaluate():
        return True
    if wanted.extras or wanted.url:
        return False
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return wanted.specifier.contains(version, prereleases=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
