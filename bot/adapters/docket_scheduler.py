"""Tell workers to look at jobs, with docket: Redis streams, at-least-once delivery, redelivery after a crash.

docket delivers one message, "look at job J". Three of its habits shape this file: it drops an `add` whose key is
running (so every nudge has a key of its own), it pickles arguments (so the only argument is a job's id), and it stops
renewing its own leases while draining (so the job's lease, not docket's, says who works on a job).
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from docket import CurrentExecution, Docket, Execution, Perpetual, Worker
from redis.exceptions import RedisError

from bot.adapters.metrics import QUEUE_LAG
from bot.domain.errors import TemporaryError

log = structlog.get_logger()

REDELIVERY = timedelta(seconds=15)
SWEEP_EVERY = timedelta(seconds=1)
LOOK_AROUND_EVERY = timedelta(minutes=1)
TIDY_EVERY = timedelta(hours=1)
CHECK_EVERY = timedelta(milliseconds=100)
LOOK = "look"

Look = Callable[[str], Awaitable[None]]
Chore = Callable[[], Awaitable[None]]


def open_docket(url: str) -> Docket:
    """The docket of the bot on a Redis server; an async context manager."""
    return Docket(name="idp", url=url, execution_ttl=timedelta(minutes=1))


class DocketScheduler:
    """The sending half, used by the Slack side and the workers alike."""

    def __init__(self, docket: Docket) -> None:
        docket.register(_look, names=[LOOK])  # docket sends only what it knows; `work` replaces it
        self._docket = docket

    async def nudge(self, job_id: str, *, at: datetime | None = None) -> None:
        key = f"{job_id}:{uuid.uuid4().hex}"
        try:
            await self._docket.add(LOOK, when=at, key=key)(job_id)
        except RedisError as error:
            raise TemporaryError("Redis, which tells the workers, cannot be reached.") from error


async def _look(job_id: str) -> None:
    """What a nudge asks for, in a process that does not work itself and so never runs it."""


@dataclass(frozen=True, slots=True)
class Chores:
    """What workers do besides: find jobs whose time has come, find those that were overlooked, forget old ones.

    Every worker sweeps, for the sweep is what finds a dead worker's jobs: it cannot wait until a dead worker's sweep is
    given to somebody else. The others are done by one of all workers at a time, and by another one if that one dies.
    """

    sweep: Chore
    look_around: Chore
    tidy: Chore


async def work(docket: Docket, *, look: Look, chores: Chores, concurrency: int, name: str) -> None:
    """The receiving half: look at jobs until cancelled."""

    async def look_at(
        job_id: str,
        told: Execution = CurrentExecution(),  # noqa: B008 docket's way to declare it
    ) -> None:
        QUEUE_LAG.observe(max(time.time() - told.when.timestamp(), 0))
        await look(job_id)

    async def tidy_up(
        _: Perpetual = Perpetual(every=TIDY_EVERY, automatic=True),  # noqa: B008 docket's way to declare it
    ) -> None:
        await chores.tidy()

    async def look_around(
        _: Perpetual = Perpetual(every=LOOK_AROUND_EVERY, automatic=True),  # noqa: B008 docket's way to declare it
    ) -> None:
        await chores.look_around()

    docket.register(look_at, names=[LOOK])
    docket.register(look_around)
    docket.register(tidy_up)
    async with Worker(
        docket,
        name=name,
        concurrency=concurrency,
        redelivery_timeout=REDELIVERY,
        minimum_check_interval=CHECK_EVERY,
        scheduling_resolution=CHECK_EVERY,
    ) as worker:
        sweeping = asyncio.create_task(_keep_sweeping(chores.sweep))
        try:
            await worker.run_forever()
        finally:
            sweeping.cancel()


async def _keep_sweeping(sweep: Chore) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY.total_seconds())
        try:
            await sweep()
        except TemporaryError as error:
            log.warning("sweep.missed", cause=error.cause)
        except (
            Exception
        ):  # whatever it is: a worker without its sweep would leave a dead one's jobs lying
            log.exception("sweep.broke")
