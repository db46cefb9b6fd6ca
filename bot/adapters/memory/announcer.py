"""Messages that nobody but a test reads."""

from dataclasses import dataclass

from bot.adapters.memory.faults import Faults
from bot.domain.digest import digest_of
from bot.domain.job import Job, MessageRef
from bot.domain.notices import Notice, NoticeKind

_SHOWN = {"state", "steps", "decisions", "voided", "review", "review_overdue_at", "cancelled_by"}


@dataclass(frozen=True, slots=True)
class Posted:
    """A message, with the job as it stood when it was drawn last, and whether it offers to act on it or tells of it at all."""

    ref: MessageRef
    notice: Notice
    job: Job
    may_act: bool = True
    may_see: bool = True


class MemoryAnnouncer(Faults):
    """Keeps every message that was posted; posting twice leaves two."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Posted] = []

    async def post(self, job: Job, notice: Notice) -> MessageRef:
        with self.around("post"):
            number = f"{len(self.posted):06}"
            is_direct = job.is_private or notice.kind is NoticeKind.PRIVATE_CARD
            channel = f"D{job.request.requester.slack_id}" if is_direct else job.channel
            ref = MessageRef(
                channel=channel,
                ts=f"1700000000.{number}",
                permalink=f"https://slack.example.com/archives/{channel}/p1700000000{number}",
            )
            self.posted.append(Posted(ref, notice, job))
            return ref

    async def find(self, job: Job, notice: Notice) -> MessageRef | None:
        with self.around("find"):
            found = (m.ref for m in self.posted if (m.job.id, m.notice) == (job.id, notice))
            return next(found, None)

    async def refresh(
        self, job: Job, notice: Notice, ref: MessageRef, *, may_act: bool, may_see: bool = True
    ) -> MessageRef:
        told = job.model_dump(mode="json", include=_SHOWN) if may_see else {}
        shows = digest_of({**told, "may_act": may_act, "may_see": may_see})
        if ref.shows == shows:
            return ref
        with self.around("refresh"):
            shown = ref.model_copy(update={"shows": shows})
            self.posted = [
                Posted(shown, notice, job, may_act, may_see) if m.notice == notice else m
                for m in self.posted
            ]
            return shown

    async def redraw(self, job: Job, card: MessageRef) -> None:
        with self.around("redraw"):
            self.posted = [
                Posted(m.ref, m.notice, job) if m.ref == card else m for m in self.posted
            ]
