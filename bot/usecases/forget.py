"""Forget jobs that ended long ago."""

from datetime import timedelta

from bot.ports.bundle import Ports

BITE = 200


async def forget(*, keep: timedelta, ports: Ports) -> int:
    """Remove what ended longer ago than `keep`, and say how many that were."""
    ended_before = ports.clock() - keep
    removed = 0
    while gone := len(await ports.jobs.forget(ended_before=ended_before, limit=BITE)):
        removed += gone
    return removed
