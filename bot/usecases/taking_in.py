"""Store what a person wants, and have a worker look at it: what they are told of it if one of these goes wrong."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from bot.domain.errors import MaybeDone, TemporaryError
from bot.ports.bundle import Ports

log = structlog.get_logger()

TIME_TO_NUDGE = timedelta(seconds=1)
"""Slack waits for three, and what was stored is found without a nudge, too."""


@contextmanager
def storing() -> Iterator[None]:
    """Around the one call that stores it: an error there does not tell whether it is stored.

    Raises:
        MaybeDone: instead of the store's TemporaryError.
    """
    try:
        yield
    except TemporaryError as error:
        raise MaybeDone(error.cause) from error


async def wake(job_id: str, *, ports: Ports) -> None:
    """Have a worker look at what is stored; where nobody can be told, the sweep finds it within seconds."""
    try:
        async with asyncio.timeout(TIME_TO_NUDGE.total_seconds()):
            await ports.scheduler.nudge(job_id)
    except (TemporaryError, TimeoutError) as error:
        log.warning("job.not_nudged", job=job_id, cause=str(error) or "It took too long.")
