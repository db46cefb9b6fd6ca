"""What is written down for good: who did what to which job, each entry bound to the one before it by its hash."""

import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.domain.digest import canonical, digest_of
from bot.domain.secrecy import masked
from bot.domain.value import Value

LONGEST_DETAIL = 500


def _fit_to_keep(text: str) -> str:
    """Whatever was said can be written down, masked and then shortened: an entry is never refused for its words."""
    return masked(text)[:LONGEST_DETAIL].encode(errors="replace").decode()


Detail = Annotated[str, BeforeValidator(_fit_to_keep)]


class EntryKind(StrEnum):
    """What an entry tells of. An effect is a step that made its fact; what else came of one is an outcome."""

    REQUEST = "request"
    DECISION = "decision"
    REVIEW = "review"
    ATTEMPT = "attempt"
    EFFECT = "effect"
    OUTCOME = "outcome"
    REFUSAL = "refusal"


class AuditEntry(Value):
    """One thing that happened.

    `who` is a reference into the catalog, or `operator:<login>` for the command line; it is empty for the bot itself
    and for those whom the catalog does not know, of whom there is only the `slack_id`. `version` is the job's after it,
    and 0 for what is no part of a job's history. `plan` is the digest of the plan that held, `made` that of the fact.
    """

    kind: EntryKind
    at: datetime
    what: str
    who: str = ""
    slack_id: str = ""
    job: str = ""
    version: int = 0
    subject: str = ""
    step: str = ""
    detail: Detail = ""
    plan: str = ""
    made: str = ""
    permalink: str = ""


class End(Value):
    """The number and the hash of the last entry of a chain."""

    number: int = 0
    hash: str = ""


def linked(entry: AuditEntry, end: End) -> tuple[str, End]:
    """The entry as a line that follows the end of a chain, and the end that the chain has then.

    The hash is the digest of everything else in the line: `previous`, too, so it speaks for all lines before.
    """
    content = entry.model_dump(mode="json", exclude_defaults=True)
    content |= {"number": end.number + 1, "previous": end.hash}
    after = End(number=end.number + 1, hash=digest_of(content))
    return canonical({**content, "hash": after.hash}), after


class Inspection:
    """Reads a chain from its first line to its last, and gathers what is wrong with it.

    Args:
        anchors: numbers with the hashes that the chain had there at some time: what follows from them was not there
            then, and what leads to them cannot have changed. Each one counts, so two that contradict each other are a
            fault, whichever the chain agrees with now.
    """

    def __init__(self, anchors: Iterable[tuple[int, str]]) -> None:
        self._anchors: dict[int, set[str]] = {}
        for number, hash_ in anchors:
            if number:
                self._anchors.setdefault(number, set()).add(hash_)
        self.end = End()
        self.faults = [
            f"Two different hashes were noted for entry {number}: somebody made the chain anew, or a note is forged."
            for number, hashes in sorted(self._anchors.items())
            if len(hashes) > 1
        ]

    def take(self, line: str) -> None:
        """Look at the next line. After a fault it goes on from what the line says of itself, to find others."""
        expected = self.end.number + 1
        link = _read(line)
        if link is None:
            self.faults.append(f"Entry {expected} was changed: it is no entry at all any more.")
            self.end = End(number=expected)
            return
        content, claimed = link
        number, previous = content["number"], content["previous"]
        if number != expected:
            self.faults.append(_out_of_place(number, expected))
        elif previous != self.end.hash:
            self.faults.append(
                f"Entry {number} does not follow from entry {expected - 1}: one of the two was changed."
            )
        if digest_of(content) != claimed:
            self.faults.append(f"Entry {number} was changed: its hash is that of something else.")
        if claimed not in self._anchors.pop(number, {claimed}):
            self.faults.append(f"Entry {number} is not the one that was there when it was noted.")
        self.end = End(number=number, hash=claimed)

    def close(self, last: int) -> None:
        """No more lines; the chain says of itself that `last` is the number of its last one."""
        missing = max(self._anchors, default=0)
        if missing > self.end.number:
            self.faults.append(
                f"Entries are missing at the end: there were {missing}, the last one now is {self.end.number}."
            )
        elif self._anchors:
            gone = ", ".join(map(str, sorted(self._anchors)))
            self.faults.append(f"What was noted is not there any more: {gone}.")
        if self.end.number > last:
            self.faults.append(
                f"Entries were added at the end that nobody recorded: {last} were, there are {self.end.number}."
            )


def _out_of_place(number: int, expected: int) -> str:
    if number < expected:
        return f"Entry {number} stands where entry {expected} belongs."
    missing = f"{expected}" if number == expected + 1 else f"{expected} to {number - 1}"
    return f"Missing before entry {number}: {missing}."


def _read(line: str) -> tuple[dict[str, Any], str] | None:
    """The content and the hash of a line; None for what was never written by `linked`."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or canonical(content) != line:
        return None
    claimed = content.pop("hash", None)
    known = isinstance(content.get("number"), int) and isinstance(content.get("previous"), str)
    return (content, claimed) if known and isinstance(claimed, str) else None
