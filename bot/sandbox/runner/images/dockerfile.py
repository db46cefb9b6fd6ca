"""Read a Dockerfile into its instructions."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_KNOWN: Final = frozenset(
    [
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"),
        *("LABEL", "MAINTAINER", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    ]
)
_USE: Final = re.compile(
    r"\\(?P<escaped>\$)|\$(?P<bare>\w+)|\$\{(?P<name>\w+)(?:(?P<how>:[-+])(?P<other>[^}]*))?\}"
)


class BuildFailed(Exception):
    """The image cannot be made; the message is for the job's log."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, its flags such as `--from=build`, and the rest as it is written."""

    line: int
    word: str
    flags: Mapping[str, str]
    rest: str

    @property
    def text(self) -> str:
        """The instruction as it is written, on one line."""
        flags = "".join(f"--{name}={value} " for name, value in self.flags.items())
        return f"{self.word} {flags}{self.rest}"

    def array(self) -> list[str] | None:
        """The words of the JSON form; nothing where another form was used."""
        if not self.rest.startswith("["):
            return None
        try:
            words = json.loads(self.rest)
        except ValueError:
            return None
        return [str(word) for word in words]


def parse(text: str) -> list[Instruction]:
    """Split the file into instructions.

    Raises:
        BuildFailed: an instruction is unknown or needs what this builder cannot do.
    """
    return [_instruction(number, line) for number, line in _logical_lines(text)]


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Join continued lines; comments vanish, also between them."""
    lines: list[tuple[int, str]] = []
    began, joined = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or (not line.strip() and not joined):
            continue
        began = began if joined else number
        joined += line.strip() if not joined else " " + line.strip()
        if joined.endswith("\\"):
            joined = joined[:-1].rstrip()
            continue
        lines.append((began, joined))
        joined = ""
    return [*lines, (began, joined)] if joined else lines


def _instruction(number: int, line: str) -> Instruction:
    word, _, rest = line.partition(" ")
    word = word.upper()
    if word not in _KNOWN:
        raise BuildFailed(f"line {number}: unknown instruction: {word}")
    flags: dict[str, str] = {}
    rest = rest.strip()
    while match := re.match(r"--(?P<name>[a-z-]+)(?:=(?P<value>\S*))?\s+", rest):
        flags[match["name"]] = match["value"] or ""
        rest = rest[match.end() :]
    if word in {"COPY", "ADD", "RUN"} and rest.startswith("<<"):
        raise BuildFailed(f"line {number}: here-documents are not supported by this builder")
    return Instruction(number, word, flags, rest)


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """The text with ARG and ENV values, `${X:-default}` and `${X:+alternative}` included."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        found = variables.get(match["bare"] or match["name"], "")
        if match["how"] == ":-":
            return found or match["other"]
        if match["how"] == ":+":
            return match["other"] if found else ""
        return found

    return _USE.sub(value, text)
