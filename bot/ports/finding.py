"""What a look at one of the systems around the bot has found."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.value import Value


class Verdict(StrEnum):
    """How bad it is: a warning can stay, a failure cannot."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(Value):
    """One thing that was checked, in sentences for the person who runs the bot; none of them holds a secret.

    `check` names the thing in a word or two, `detail` says how it is, `fix` says what to do about it.
    """

    system: str
    check: str
    verdict: Verdict
    detail: str
    fix: str = ""


Findings = AsyncGenerator[Finding, None]
"""What a look at a system finds, one after another, so that what is known early is not lost."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """A look at one system. Its findings may end early by TemporaryError or PermanentError.

    `findings` is consumed once; `address` is what to look at where there is no answer at all.
    """

    system: str
    address: str
    findings: Findings


def ok(system: str, check: str, detail: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(system=system, check=check, verdict=Verdict.OK, detail=detail)


def warning(system: str, check: str, detail: str, fix: str) -> Finding:
    """A finding that the bot can live with."""
    return Finding(system=system, check=check, verdict=Verdict.WARNING, detail=detail, fix=fix)


def failed(system: str, check: str, detail: str, fix: str) -> Finding:
    """A finding that keeps the bot from its work."""
    return Finding(system=system, check=check, verdict=Verdict.FAILED, detail=detail, fix=fix)
