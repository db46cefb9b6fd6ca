"""Recognise a known cause by the words in which the other side puts it."""

import functools
import re

from bot.domain.causes import address, catalog, deployment, gitlab, pipeline, workload
from bot.domain.causes.known_cause import KnownCause
from bot.domain.job import UNDO

KNOWN: tuple[KnownCause, ...] = (
    *pipeline.CAUSES,
    *catalog.CAUSES,
    *workload.CAUSES,
    *deployment.CAUSES,
    *address.CAUSES,
    *gitlab.CAUSES,
)
"""In the order in which they are looked for: the words of one step before those of any, the particular before the general."""

_MOST_WORDS = 4000


def recognise(step: str, words: str) -> KnownCause | None:
    """The first known cause whose sign is in the words; None for what nobody foresaw.

    Args:
        step: the name of the step that met it; one that takes another back meets what that one meets.
        words: what was said. Of very long ones only the beginning and the end are looked at.
    """
    looked_at = words if len(words) <= _MOST_WORDS else _both_ends(words)
    of = step.removeprefix(UNDO)
    return next((each for each in KNOWN if _fits(each, of) and _shows(each, looked_at)), None)


def cause_named(name: str) -> KnownCause | None:
    """The known cause of that name; None for one that another version of the bot knew."""
    return next((each for each in KNOWN if each.name == name), None)


def _both_ends(words: str) -> str:
    return f"{words[: _MOST_WORDS // 2]}\n{words[-_MOST_WORDS // 2 :]}"


def _fits(cause: KnownCause, step: str) -> bool:
    return not cause.steps or step in cause.steps


def _shows(cause: KnownCause, words: str) -> bool:
    return any(_compiled(sign).search(words) for sign in cause.signs)


@functools.cache
def _compiled(sign: str) -> re.Pattern[str]:
    return re.compile(sign, re.IGNORECASE)
