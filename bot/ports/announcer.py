"""How people are told about a job."""

from typing import Protocol

from bot.domain.job import Job, MessageRef
from bot.domain.notices import Notice


class Announcer(Protocol):
    """Draw the one card of a job and reply in its thread.

    All methods raise TemporaryError or PermanentError; telling people never fails a job.
    """

    async def post(self, job: Job, notice: Notice) -> MessageRef:
        """Post a notice: the card, or a reply in the card's thread."""

    async def find(self, job: Job, notice: Notice) -> MessageRef | None:
        """The notice's message if it was posted before, also by a worker that did not live to remember it."""

    async def redraw(self, job: Job, card: MessageRef) -> None:
        """Make the card show the job as it stands."""
