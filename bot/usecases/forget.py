"""Forget jobs that ended long ago."""

from datetime import timedelta

import structlog

from bot.ports.bundle import Ports

log = structlog.get_logger()

BITE = 200


async def forget(*, keep: timedelta, ports: Ports) -> int:
    """Remove what ended longer ago than `keep`, and say how many that were."""
    ended_before = ports.clock() - keep
    removed = 0
    while gone := len(await ports.jobs.forget(ended_before=ended_before, limit=BITE)):
        removed += gone
    if removed:
        log.info("jobs.forgotten", number=removed, kept_days=keep.days)
    return removed
