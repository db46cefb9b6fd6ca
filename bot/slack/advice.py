"""What a wait or a failure means and what to do about it, where the bot knows."""

from collections.abc import Iterator

from bot.domain.causes.known import cause_named
from bot.domain.job import StepRecord
from bot.slack import mrkdwn


def summary(record: StepRecord) -> str:
    """Why a step failed, without the lines of a log: those are in the thread, where there is room for them."""
    sentence, _, log = record.reason.partition("\n")
    return f"{sentence.rstrip(':')}; its last lines are in the thread." if log else sentence


def lines(record: StepRecord, length: int = mrkdwn.SENTENCE_LENGTH) -> Iterator[str]:
    """The meaning of a failure, and what to do with who can; of an unknown one what its step advises."""
    known = cause_named(record.cause)
    if known:
        yield f"*What it means:* {mrkdwn.own(known.meaning, length)}"
    who = f" ({known.helper})" if known else ""
    yield f"*What to do{who}:* {mrkdwn.own(record.fix, length)}"


def sentences(record: StepRecord) -> Iterator[str]:
    """The same for a wait, to follow what it waits for; none where nothing is known about it."""
    if known := cause_named(record.cause):
        yield f". {known.meaning}"
        yield f" What to do ({known.helper}): {record.fix}"
