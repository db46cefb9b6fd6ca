"""Whether there is room for one more job, and for how many of those who come at the same moment."""

import contextlib
from collections.abc import AsyncIterator

from bot.domain.entities import Person
from bot.domain.errors import RequestRejected
from bot.domain.limits import WINDOW, Bid, Crowd, bid_for, excess
from bot.domain.request import AppRequest, SystemRequest
from bot.ports.bundle import Ports


@contextlib.asynccontextmanager
async def for_new(
    request: AppRequest | SystemRequest, *, job_id: str, ports: Ports
) -> AsyncIterator[None]:
    """Hold the place of a new job until it is stored, against everybody who asks at the same moment.

    Raises:
        RequestRejected: there is no room.
    """
    since = ports.clock() - WINDOW
    async with _ahead(request, job_id, ports) as (bid, ahead):
        recent = tuple(bid_for(j.request, job_id=j.id) for j in await ports.jobs.since(since))
        crowd = Crowd(unfinished=await _unfinished(ports), recent=recent, ahead=ahead)
        _refuse(excess(bid, crowd, limits=ports.limits, told=bid.requester))
        yield


@contextlib.asynccontextmanager
async def for_another_try(
    request: AppRequest | SystemRequest, *, job_id: str, by: Person, ports: Ports
) -> AsyncIterator[None]:
    """Hold the place of a job that has ended until it is under way again; it was asked for before.

    Raises:
        RequestRejected: there is no room.
    """
    async with _ahead(request, job_id, ports) as (bid, ahead):
        crowd = Crowd(unfinished=await _unfinished(ports), ahead=ahead)
        _refuse(excess(bid, crowd, limits=ports.limits, told=by.user))
        yield


@contextlib.asynccontextmanager
async def _ahead(
    request: AppRequest | SystemRequest, job_id: str, ports: Ports
) -> AsyncIterator[tuple[Bid, tuple[Bid, ...]]]:
    bid = bid_for(request, job_id=job_id)
    async with ports.gate.in_line(bid) as ahead:
        yield bid, tuple(ahead)


async def _unfinished(ports: Ports) -> tuple[Bid, ...]:
    return tuple(bid_for(job.request, job_id=job.id) for job in await ports.jobs.unfinished())


def _refuse(why_not: str | None) -> None:
    if why_not:
        raise RequestRejected({"": why_not})
