"""What to say in Slack about a job: a pure function from the job and the notice to a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import Block, SectionBlock

from bot.domain.job import Job, JobState
from bot.domain.notices import CARDS, DIRECT, Notice, NoticeKind
from bot.slack import card, direct, help_wanted, mrkdwn, replies

_GONE_PRIVATE = (
    "This request has been made private, so nothing more is told of it here, whatever becomes of it. "
    "Those whom it concerns find it with “/idp status”."
)


_NO_CONCERN = "You were asked about a request that does not concern you any more."


@dataclass(frozen=True, slots=True)
class Message:
    """A message's blocks, and the text that stands in for them in notifications and for screen readers."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def message(job: Job, notice: Notice, *, may_act: bool = True) -> Message:
    """Word a notice.

    Args:
        job: the job as it stands.
        notice: what is to be told about it.
        may_act: whether the one person that a direct message is for may do now what it asks for.
    """
    return _message(
        f"{card.headline(job)}: {_in_short(job, notice)}", _blocks(job, notice, may_act=may_act)
    )


def card_message(job: Job) -> Message:
    """The card as it has to look now."""
    return message(job, Notice(kind=NoticeKind.CARD))


def gone_private() -> Message:
    """What is left of a card where everybody reads it, once the request is private."""
    return _message(_GONE_PRIVATE, [SectionBlock(text=mrkdwn.mrkdwn(_GONE_PRIVATE))])


def no_concern() -> Message:
    """What is left of a direct message to somebody who may not know of the request any more."""
    return _message(_NO_CONCERN, [SectionBlock(text=mrkdwn.mrkdwn(_NO_CONCERN))])


def _message(text: str, blocks: list[Block]) -> Message:
    return Message(text=mrkdwn.escaped(text), blocks=tuple(block.to_dict() for block in blocks))


def _blocks(job: Job, notice: Notice, *, may_act: bool) -> list[Block]:
    if notice.kind in DIRECT:
        return direct.blocks(job, notice, may_act=may_act)
    match notice.kind:
        case NoticeKind.APPROVAL_WANTED | NoticeKind.REMINDER | NoticeKind.ESCALATED:
            return replies.approval_wanted(job, notice.kind)
        case NoticeKind.AGREED | NoticeKind.VOIDED | NoticeKind.HELP_WANTED | NoticeKind.HELP_ASKED:
            return _NUMBERED[notice.kind](job, int(notice.about))
        case NoticeKind.FAILED:
            return replies.failed(job, notice.about.rpartition(":")[0])
        case _:
            return _PLAIN[notice.kind](job)


def _in_short(job: Job, notice: Notice) -> str:
    if notice.kind in CARDS:
        return _standing(job)
    if notice.kind in DIRECT:
        return direct.in_short(job, notice)
    if notice.kind is NoticeKind.DECIDED and job.decision:
        return str(job.decision.verdict)
    return _IN_SHORT[notice.kind]


_NUMBERED: Mapping[NoticeKind, Callable[[Job, int], list[Block]]] = {
    NoticeKind.AGREED: replies.agreed,
    NoticeKind.VOIDED: replies.voided,
    NoticeKind.HELP_WANTED: help_wanted.help_wanted,
    NoticeKind.HELP_ASKED: help_wanted.help_asked,
}

_PLAIN: Mapping[NoticeKind, Callable[[Job], list[Block]]] = {
    NoticeKind.CARD: card.blocks,
    NoticeKind.PRIVATE_CARD: card.blocks,
    NoticeKind.DECIDED: replies.decided,
    NoticeKind.GLASS_BROKEN: replies.glass_broken,
    NoticeKind.REVIEW_OVERDUE: replies.reviewed,
    NoticeKind.REVIEWED: replies.reviewed,
    NoticeKind.CANCELLED: replies.cancelled,
    NoticeKind.DONE: replies.done,
    NoticeKind.UNDONE: replies.undone,
}

_IN_SHORT: Mapping[NoticeKind, str] = {
    NoticeKind.APPROVAL_WANTED: "approval wanted",
    NoticeKind.REMINDER: "approval still wanted",
    NoticeKind.ESCALATED: "approval wanted of others, too",
    NoticeKind.AGREED: "agreed",
    NoticeKind.DECIDED: "decided",
    NoticeKind.VOIDED: "approval void",
    NoticeKind.GLASS_BROKEN: "goes ahead without approval",
    NoticeKind.REVIEW_OVERDUE: "review overdue",
    NoticeKind.REVIEWED: "reviewed",
    NoticeKind.FAILED: "failed",
    NoticeKind.HELP_WANTED: "help wanted",
    NoticeKind.HELP_ASKED: "the platform team was asked",
    NoticeKind.CANCELLED: "ended",
    NoticeKind.DONE: "done",
    NoticeKind.UNDONE: "undone",
}


def _standing(job: Job) -> str:
    if job.state is JobState.WAITING_APPROVAL and not job.decision:
        return "waiting for approval"
    return _STANDINGS[job.state]


_STANDINGS: Mapping[JobState, str] = {
    JobState.RUNNING: "in progress",
    JobState.WAITING: "in progress",
    JobState.WAITING_APPROVAL: "in progress",
    JobState.UNDOING: "being undone",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "ended",
    JobState.UNDONE: "undone",
}
