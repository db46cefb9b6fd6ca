"""How people are told about a job."""

from typing import Protocol

from bot.domain.job import Job, MessageRef
from bot.domain.notices import Notice


class Announcer(Protocol):
    """Draw the one card of a job, reply in its thread, and ask single people directly.

    Of a private request nothing is told where others read it: a card that stands there says no more than that.

    All methods raise TemporaryError or PermanentError; telling people never fails a job. What is refused with a
    PermanentError is not offered again, so what somebody can mend for all messages at once raises a TemporaryError.
    """

    async def post(self, job: Job, notice: Notice) -> MessageRef:
        """Post a notice: the card, a reply in the card's thread, or a direct message that the reader may act on."""

    async def find(self, job: Job, notice: Notice) -> MessageRef | None:
        """The notice's message if it was posted before, also by a worker that did not live to remember it."""

    async def refresh(
        self, job: Job, notice: Notice, ref: MessageRef, *, may_act: bool, may_see: bool = True
    ) -> MessageRef:
        """Make a direct message show how the job stands now, for one who may or may not act on it, or know of it.

        Does nothing where it shows that already. One that was deleted needs to show nothing any more.
        """

    async def redraw(self, job: Job, card: MessageRef) -> None:
        """Make the card show the job as it stands."""
