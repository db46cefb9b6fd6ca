"""Who is told directly about a job, and what: at most fifteen people at a time, by their Slack ids."""

from collections.abc import Iterator

from bot.domain.approval import Standing
from bot.domain.job import Job
from bot.domain.notices import Notice, NoticeKind, direct_messages, round_of_glass
from bot.domain.value import Value

AT_MOST = 15


class Audience(Value):
    """`approvers` may decide now, `reviewers` may review a broken glass now, `bypassed` were not waited for.

    `strangers` were told something and may not know of the job any more.
    """

    approvers: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    strangers: frozenset[str] = frozenset()

    def may_act_on(self, notice: Notice, job: Job) -> bool:
        """Whether the person that a direct message went to may do now what it asks for."""
        match notice.kind:
            case NoticeKind.QUESTION | NoticeKind.QUESTION_AGAIN:
                return notice.about in self.approvers and notice.round == len(job.voided)
            case NoticeKind.REVIEW_WANTED | NoticeKind.REVIEW_WANTED_AGAIN:
                return notice.about in self.reviewers
            case _:
                return False


def direct_notices(job: Job, audience: Audience, *, approval: Standing | None) -> Iterator[Notice]:
    """Everything that single people should have been told by now, each once in each round and phase.

    Args:
        job: the job as it stands.
        audience: whom it concerns now.
        approval: how far the approval has come, where one is needed.
    """
    is_reminded = approval is not None and approval.is_reminded
    question = NoticeKind.QUESTION_AGAIN if is_reminded else NoticeKind.QUESTION
    is_late = job.is_review_overdue
    review = NoticeKind.REVIEW_WANTED_AGAIN if is_late else NoticeKind.REVIEW_WANTED
    yield from _to(audience.approvers, question, round_=len(job.voided))
    if job.broken_glass:
        yield from _to(audience.reviewers, review, round_=round_of_glass(job))
        yield from _to(audience.bypassed, NoticeKind.GLASS_TOLD, round_=round_of_glass(job))


def _to(people: tuple[str, ...], kind: NoticeKind, *, round_: int) -> Iterator[Notice]:
    for who in people:
        yield Notice(kind=kind, about=who, round=round_)


def told(job: Job, *kinds: NoticeKind) -> tuple[str, ...]:
    """Those who were sent a direct message of these kinds."""
    return tuple(notice.about for notice, _ in direct_messages(job) if notice.kind in kinds)
