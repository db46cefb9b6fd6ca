"""What people are told about a job, derived from the job alone, so that no worker has to remember it."""

from enum import StrEnum

from bot.domain.job import Job, JobState, StepState
from bot.domain.value import Value


class NoticeKind(StrEnum):
    """The card, and the few things worth a reply in its thread."""

    CARD = "card"
    APPROVAL_WANTED = "approval-wanted"
    DECIDED = "decided"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DONE = "done"


class Notice(Value):
    """One message. `about` tells apart notices of one kind: a step's name and attempt."""

    kind: NoticeKind
    about: str = ""

    @property
    def key(self) -> str:
        """The notice's name within its job: it is posted once."""
        return f"{self.kind}:{self.about}" if self.about else str(self.kind)


def notices(job: Job, *, approval_step: str) -> tuple[Notice, ...]:
    """Everything that people should have been told by now, in order.

    Args:
        job: the job as it stands.
        approval_step: the name of the step that asks for approval.
    """
    told = [Notice(kind=NoticeKind.CARD)]
    if job.step(approval_step).state is StepState.WAITING or job.decision:
        told.append(Notice(kind=NoticeKind.APPROVAL_WANTED))
    if job.decision:
        told.append(Notice(kind=NoticeKind.DECIDED))
    told += _ending(job)
    return tuple(told)


def _ending(job: Job) -> list[Notice]:
    match job.state:
        case JobState.DONE:
            return [Notice(kind=NoticeKind.DONE)]
        case JobState.CANCELLED:
            return [Notice(kind=NoticeKind.CANCELLED)]
        case JobState.FAILED:
            failed = [(n, s) for n, s in job.steps.items() if s.state is StepState.FAILED]
            return [
                Notice(kind=NoticeKind.FAILED, about=f"{name}:{record.attempts}")
                for name, record in failed
            ]
        case _:
            return []
