"""Answer "look at job J": take the right to work on it, work, and let go."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta

import structlog

from bot.domain.errors import TemporaryError
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.progress import Random
from bot.pipeline.stretch import Stretch
from bot.pipeline.telling import Telling
from bot.ports.announcer import Announcer
from bot.ports.bundle import Ports
from bot.ports.job_store import Busy, Lease, LeaseLost, Unreadable
from bot.ports.telemetry import Telemetry

log = structlog.get_logger()

BEAT = timedelta(seconds=3)
GRACE = timedelta(seconds=1)
"""Every job that waits is nudged when its time comes; the sweep is for those of which nobody has heard by then."""

UNREADABLE_PAUSE = timedelta(minutes=1)
"""A worker of the version that can read the job takes it from then on; nobody else is kept busy by it."""


class Runner:
    """Looks at jobs. Any number of runners, in any number of processes, may be told to look at the same job."""

    def __init__(
        self,
        *,
        ports: Ports,
        pipelines: Mapping[str, Pipeline],
        announcer: Announcer,
        random: Random,
        telemetry: Telemetry,
    ) -> None:
        self._ports = ports
        self._pipelines = pipelines
        self._announcer = announcer
        self._random = random
        self._telemetry = telemetry
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no further step; each job at hand is let go of as soon as its current steps are through."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    async def advance(self, job_id: str) -> None:
        """Take the job as far as it can go now. Does nothing that another runner is doing already."""
        with structlog.contextvars.bound_contextvars(job=job_id):
            await self._advance(job_id)

    async def _advance(self, job_id: str) -> None:
        lease = await self._ports.jobs.acquire(job_id, now=self._ports.clock())
        match lease:
            case None:
                log.warning("job.unknown")
            case Busy():
                log.debug("job.busy")  # should its worker be dead, the sweep finds it
            case _:
                await self._hold(lease)

    async def sweep(self) -> None:
        """Nudge the jobs that should have been looked at some time ago: the safety net under every lost nudge."""
        for job_id in await self._ports.jobs.due(now=self._ports.clock() - GRACE):
            log.info("job.swept", job=job_id)
            self._telemetry.swept()
            await self._ports.scheduler.nudge(job_id)

    async def look_for_overlooked(self) -> None:
        """Nudge the jobs that even the sweep would miss: somebody changed them and died before anybody was told."""
        for job_id in await self._ports.jobs.overlooked():
            log.warning("job.overlooked", job=job_id)
            self._telemetry.swept()
            await self._ports.scheduler.nudge(job_id)

    async def _hold(self, lease: Lease) -> None:
        """Work, with the lease kept alive; a job that another worker takes over is dropped at once.

        One that cannot be read, from the start or since a worker of another version had it, is put aside unchanged.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._work(lease, tasks)
        except* LeaseLost:
            log.warning("job.taken_over")
            self._telemetry.taken_over()
        except* Unreadable:
            log.warning("job.unreadable")
            await self._leave_to_others(lease)
        except* TemporaryError:
            log.warning("job.store_lost", exc_info=True)

    async def _work(self, lease: Lease, tasks: asyncio.TaskGroup) -> None:
        job = await lease.load()
        pipeline = self._pipelines[job.request.kind]
        telling = Telling(
            lease,
            self._announcer,
            directory=self._ports.directory,
            platform=self._ports.platform,
            approval_step=pipeline.approval_step,
        )
        upkeep = [tasks.create_task(_beat(lease)), tasks.create_task(telling.keep_up())]
        await Stretch(
            lease=lease,
            pipeline=pipeline,
            ports=self._ports,
            telling=telling,
            tasks=tasks,
            random=self._random,
            telemetry=self._telemetry,
            stopping=self._stopping,
        ).work()
        for task in upkeep:
            task.cancel()

    async def _leave_to_others(self, lease: Lease) -> None:
        """Let go at once; where that fails, the lease runs out and the sweep hands the job out."""
        look_at = self._ports.clock() + UNREADABLE_PAUSE
        with contextlib.suppress(LeaseLost, TemporaryError):
            await lease.park(seen_signals=None, look_at=look_at)


async def _beat(lease: Lease) -> None:
    """Renew the lease; while the store cannot be reached there is nothing to lose by trying on."""
    while True:
        await asyncio.sleep(BEAT.total_seconds())
        try:
            await lease.renew()
        except TemporaryError as error:
            log.warning("job.beat_missed", cause=error.cause)
