"""What people are told about a job, derived from the job alone, so that no worker has to remember it."""

from collections.abc import Iterator
from enum import StrEnum

from bot.domain.approval import Standing, Verdict
from bot.domain.job import Job, JobState, MessageRef, StepRecord, StepState
from bot.domain.value import Value


class NoticeKind(StrEnum):
    """The card, the few things worth a reply in its thread, and what is told elsewhere.

    A card that stands where others read it is followed by the `private-card` once the request is private; what has
    begun to move stays there, whatever the request becomes.
    `help-wanted` is for the platform team; `about` of what is told to one person is that person's Slack id.
    """

    CARD = "card"
    PRIVATE_CARD = "private-card"
    APPROVAL_WANTED = "approval-wanted"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    AGREED = "agreed"
    DECIDED = "decided"
    VOIDED = "voided"
    GLASS_BROKEN = "glass-broken"
    REVIEW_OVERDUE = "review-overdue"
    REVIEWED = "reviewed"
    FAILED = "failed"
    HELP_WANTED = "help-wanted"
    HELP_ASKED = "help-asked"
    CANCELLED = "cancelled"
    DONE = "done"
    UNDONE = "undone"
    QUESTION = "question"
    QUESTION_AGAIN = "question-again"
    GLASS_TOLD = "glass-told"
    REVIEW_WANTED = "review-wanted"
    REVIEW_WANTED_AGAIN = "review-wanted-again"


CARDS = frozenset({NoticeKind.CARD, NoticeKind.PRIVATE_CARD})
"""What shows the job as it stands, with everything else in its thread."""

DIRECT = frozenset(
    {
        NoticeKind.QUESTION,
        NoticeKind.QUESTION_AGAIN,
        NoticeKind.GLASS_TOLD,
        NoticeKind.REVIEW_WANTED,
        NoticeKind.REVIEW_WANTED_AGAIN,
    }
)
"""What is for one person, in a direct message that is kept up to date."""


class Notice(Value):
    """One message. `about` tells apart notices of one kind: a step's name and when it failed, a number, or a person.

    `round` counts how often decisions became void before: whoever is asked again is told again.
    """

    kind: NoticeKind
    about: str = ""
    round: int = 0

    @property
    def key(self) -> str:
        """The notice's name within its job: it is posted once."""
        told = f"{self.kind}:{self.about}" if self.about else str(self.kind)
        return f"{told}#{self.round}" if self.round else told


def card_of(job: Job) -> MessageRef | None:
    """Where people see the job now: the card, or the one that has followed it into private."""
    is_followed = NoticeKind.PRIVATE_CARD in job.messages
    return job.messages.get(NoticeKind.PRIVATE_CARD if is_followed else NoticeKind.CARD)


def is_moot(notice: Notice, job: Job) -> bool:
    """Whether a private card is not needed, as the card itself is no more than a direct message, or is not there."""
    card = job.messages.get(NoticeKind.CARD)
    stands_openly = card is not None and card.is_there and not card.is_direct
    return notice.kind is NoticeKind.PRIVATE_CARD and not stands_openly


def direct_messages(job: Job) -> Iterator[tuple[Notice, MessageRef | None]]:
    """Those that were sent to single people, with None for one that may or may not have been."""
    for key, ref in job.messages.items():
        kind, _, rest = key.partition(":")
        about, _, number = rest.partition("#")
        if kind in DIRECT:
            yield Notice(kind=NoticeKind(kind), about=about, round=int(number or 0)), ref


def notices(job: Job, *, approval_step: str, approval: Standing | None) -> tuple[Notice, ...]:
    """Everything that should stand in the channel and in the card's thread by now, in order.

    Args:
        job: the job as it stands.
        approval_step: the name of the step that asks for approval.
        approval: how far the approval has come, where one is needed.
    """
    told = [Notice(kind=NoticeKind.CARD)]
    if job.is_private or NoticeKind.PRIVATE_CARD in job.messages:
        told.append(Notice(kind=NoticeKind.PRIVATE_CARD))
    told += [Notice(kind=NoticeKind.VOIDED, about=str(n)) for n, _ in enumerate(job.voided, 1)]
    if approval:
        told += _asking(job, approval, is_waiting=_waits(job, approval_step))
    if job.decision and job.decision.verdict is not Verdict.BREAK_GLASS:
        told.append(Notice(kind=NoticeKind.DECIDED))
    if job.broken_glass:
        told.append(Notice(kind=NoticeKind.GLASS_BROKEN, round=round_of_glass(job)))
    told += _ending(job)
    told += _reviewing(job)
    for number, _ in enumerate(job.help_asked, start=1):
        told += [Notice(kind=kind, about=str(number)) for kind in _HELP]
    rounds = len(job.voided)
    return tuple(
        notice.model_copy(update={"round": rounds}) if notice.kind in _OF_A_ROUND else notice
        for notice in told
    )


_HELP = (NoticeKind.HELP_WANTED, NoticeKind.HELP_ASKED)
_OF_A_ROUND = frozenset(
    {
        NoticeKind.APPROVAL_WANTED,
        NoticeKind.REMINDER,
        NoticeKind.ESCALATED,
        NoticeKind.AGREED,
        NoticeKind.DECIDED,
    }
)


def _waits(job: Job, approval_step: str) -> bool:
    return job.step(approval_step).state is StepState.WAITING and not job.state.is_end


def _asking(job: Job, approval: Standing, *, is_waiting: bool) -> list[Notice]:
    """Every stage asks once; who agreed without being the last one is named; then come those whom time calls for."""
    asked = []
    if is_waiting or job.decisions:
        asked.append(Notice(kind=NoticeKind.APPROVAL_WANTED))
    not_last = job.decisions[:-1] if job.decision else job.decisions
    asked += [Notice(kind=NoticeKind.AGREED, about=str(n)) for n, _ in enumerate(not_last, start=1)]
    if not is_waiting or job.decision or job.cancelled_by:
        return asked
    if approval.stage > 1:
        asked.append(Notice(kind=NoticeKind.APPROVAL_WANTED, about=f"stage-{approval.stage}"))
    if approval.is_reminded:
        asked.append(Notice(kind=NoticeKind.REMINDER))
    if approval.is_escalated:
        asked.append(Notice(kind=NoticeKind.ESCALATED))
    return asked


def round_of_glass(job: Job) -> int:
    """How often decisions had become void before the glass was broken: it may be broken once in each round."""
    rounds = [*(void.decisions for void in job.voided), job.decisions]
    return max(n for n, decisions in enumerate(rounds) if job.broken_glass in decisions)


def _reviewing(job: Job) -> list[Notice]:
    if job.review and not job.unreviewed_glass:
        return [Notice(kind=NoticeKind.REVIEWED, round=round_of_glass(job))]
    if job.is_review_overdue:
        return [Notice(kind=NoticeKind.REVIEW_OVERDUE, round=round_of_glass(job))]
    return []


def _ending(job: Job) -> list[Notice]:
    match job.state:
        case JobState.DONE:
            return [Notice(kind=NoticeKind.DONE)]
        case JobState.CANCELLED:
            return [Notice(kind=NoticeKind.CANCELLED)]
        case JobState.UNDONE:
            return [Notice(kind=NoticeKind.UNDONE)]
        case JobState.FAILED:
            return [
                Notice(kind=NoticeKind.FAILED, about=f"{name}:{_moment(record)}")
                for name, record in job.to_retry.items()
            ]
        case _:
            return []


def _moment(record: StepRecord) -> str:
    """When a step failed: its attempts are counted anew after a retry, and a failure after it is another one."""
    return f"{record.finished_at:%Y%m%dT%H%M%S.%f}" if record.finished_at else ""
