"""Keep people informed while a job is worked on: post what is due, redraw the card at most once a second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import NOWHERE, Job, MessageRef
from bot.domain.notices import Notice, NoticeKind, card_of, is_moot, notices
from bot.domain.platform import Platform
from bot.pipeline.approvals import standing_of
from bot.pipeline.audiences import audience_of
from bot.pipeline.directly import tell_directly
from bot.ports.announcer import Announcer
from bot.ports.directory import Directory
from bot.ports.job_store import Lease, LeaseLost

log = structlog.get_logger()

CARD = Notice(kind=NoticeKind.CARD)
REDRAW_PAUSE = 1.0
UNTOLD_PAUSE = timedelta(seconds=15)


class Telling:
    """Tells what a job's state calls for; what was told is remembered in the job, so a successor says nothing twice."""

    def __init__(
        self,
        lease: Lease,
        announcer: Announcer,
        *,
        directory: Directory,
        platform: Platform,
        approval_step: str,
    ) -> None:
        self._lease = lease
        self._announcer = announcer
        self._directory = directory
        self._platform = platform
        self._approval_step = approval_step
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._silent_until = 0.0

    def changed(self) -> None:
        """The job may look different now."""
        self._changed.set()

    async def keep_up(self) -> None:
        """Tell after each change, with a pause in which further changes gather: as long as the other side wishes."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            async with self._turn:
                await self._bring_up_to_date()
            await asyncio.sleep(max(REDRAW_PAUSE, self._wish().total_seconds()))

    @contextlib.asynccontextmanager
    async def last_word(self) -> AsyncIterator[timedelta | None]:
        """Bring people up to date, then keep silent for as long as the context lasts.

        Yields after which time to tell them what they could not be told yet, which never fails the job; None where
        they were told all.

        Raises:
            LeaseLost: another worker has taken the job over.
        """
        async with self._turn:
            is_told = await self._bring_up_to_date()
            yield None if is_told else max(UNTOLD_PAUSE, self._wish())

    def _wish(self) -> timedelta:
        """For how long the other side still wants to be left alone."""
        left = self._silent_until - asyncio.get_running_loop().time()
        return timedelta(seconds=max(left, 0.0))

    async def _bring_up_to_date(self) -> bool:
        if self._wish():
            return False
        job = await self._lease.load()
        try:
            await self._tell(job)
        except (TemporaryError, PermanentError) as error:
            log.warning("job.not_told", cause=str(error))
            self._keep_wish(error)
            return False
        except LeaseLost:
            raise
        except Exception:
            log.exception("job.telling_broke")
            return False
        return True

    def _keep_wish(self, error: TemporaryError | PermanentError) -> None:
        if isinstance(error, TemporaryError) and error.retry_after:
            now = asyncio.get_running_loop().time()
            self._silent_until = now + error.retry_after.total_seconds()

    async def _tell(self, job: Job) -> None:
        posted = dict(job.messages)
        due = notices(job, approval_step=self._approval_step, approval=standing_of(job))
        for notice in due:
            told = job.model_copy(update={"messages": posted})
            if posted.get(notice.key) or is_moot(notice, told):
                continue
            is_new = notice.key not in posted
            if is_new and notice.kind is NoticeKind.PRIVATE_CARD and (card := posted[CARD.key]):
                await self._redraw(told, card)
            posted[notice.key] = await self._post(told, notice)
        told = job.model_copy(update={"messages": posted})
        card = card_of(told)
        if card and card.is_there and job.shown_version != job.version:
            await self._redraw(told, card)
        await tell_directly(
            told,
            audience=await audience_of(told, self._directory, self._platform),
            lease=self._lease,
            announcer=self._announcer,
            post_once=self._post_once,
        )

    async def _post(self, job: Job, notice: Notice) -> MessageRef:
        """What is refused for good is as good as told: neither what comes after it nor the job's end waits for it."""
        try:
            return await self._post_once(job, notice)
        except PermanentError as error:
            log.warning("job.notice_refused", notice=notice.key, cause=str(error))
        await self._lease.write_message(notice.key, NOWHERE)
        return NOWHERE

    async def _redraw(self, job: Job, card: MessageRef) -> None:
        """A card that may not show the job as it is may show it again when it has changed."""
        try:
            await self._announcer.redraw(job, card)
        except PermanentError as error:
            log.warning("job.notice_refused", notice=CARD.key, cause=str(error))
        await self._lease.write_shown(job.version)

    async def _post_once(self, job: Job, notice: Notice) -> MessageRef:
        """Post, unless a worker that did not live to remember it has posted already."""
        ref = None
        if notice.key in job.messages and not job.messages[notice.key]:
            ref = await self._announcer.find(job, notice)
            # Whoever was held up in the search may have lost the job by now.
            await self._lease.renew()
        else:
            await self._lease.write_message(notice.key, None)
        ref = ref or await self._announcer.post(job, notice)
        await self._lease.write_message(notice.key, ref)
        return ref
