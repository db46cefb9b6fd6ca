"""What the scheduler promises, on docket: a nudge reaches a worker, wherever it was sent from."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from bot.adapters.docket_scheduler import Chore, Chores, DocketScheduler, open_docket, work
from bot.domain.errors import TemporaryError
from tests.colleague import eventually


@contextlib.asynccontextmanager
async def a_worker(
    redis_url: str, chores: list[str] | None = None, *, sweep: Chore | None = None
) -> AsyncIterator[list[str]]:
    """A worker; yields the jobs that it was told to look at."""
    seen: list[str] = []

    async def look(job_id: str) -> None:
        seen.append(job_id)

    def noting(name: str) -> Chore:
        async def chore() -> None:
            if chores is not None:
                chores.append(name)

        return chore

    own = Chores(
        sweep=sweep or _nothing, look_around=noting("looked around"), tidy=noting("tidied")
    )
    async with open_docket(redis_url) as docket:
        working = asyncio.create_task(
            work(docket, look=look, chores=own, concurrency=2, name="tests")
        )
        yield seen
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def test_a_process_that_does_no_work_itself_can_nudge_one_that_does(redis_url: str) -> None:
    async with open_docket(redis_url) as docket:
        await DocketScheduler(docket).nudge("job00001")

    async with a_worker(redis_url) as seen:
        await eventually(lambda: _has(seen, 1))

    assert seen == ["job00001"]


async def test_every_nudge_arrives_also_many_for_one_job(redis_url: str) -> None:
    async with open_docket(redis_url) as docket, a_worker(redis_url) as seen:
        await asyncio.gather(*(DocketScheduler(docket).nudge("job00001") for _ in range(5)))
        await eventually(lambda: _has(seen, 5))

    assert seen == ["job00001"] * 5


async def test_a_nudge_for_later_does_not_come_before(redis_url: str) -> None:
    later = datetime.now(UTC) + timedelta(seconds=0.5)
    async with open_docket(redis_url) as docket, a_worker(redis_url) as seen:
        await DocketScheduler(docket).nudge("job00001", at=later)
        await eventually(lambda: _has(seen, 1))

    assert datetime.now(UTC) >= later


async def test_how_long_a_nudge_waited_for_a_worker_is_measured(redis_url: str) -> None:
    before = _lag()
    long_due = datetime.now(UTC) - timedelta(seconds=90)
    async with open_docket(redis_url) as docket, a_worker(redis_url) as seen:
        await DocketScheduler(docket).nudge("job00001", at=long_due)
        await eventually(lambda: _has(seen, 1))

    assert 90 <= _lag() - before < 120


def _lag() -> float:
    return REGISTRY.get_sample_value("idp_queue_lag_seconds_sum") or 0


async def test_a_worker_looks_around_and_tidies_up_by_itself(redis_url: str) -> None:
    chores: list[str] = []
    async with a_worker(redis_url, chores):
        await eventually(lambda: _has(chores, 2))

    assert sorted(chores) == ["looked around", "tidied"]


async def _nothing() -> None:
    """There is nothing to do."""


async def _has(seen: list[str], count: int) -> bool:
    return len(seen) >= count


@pytest.mark.parametrize("error", [TemporaryError("Redis cannot be reached."), KeyError("state")])
async def test_every_worker_sweeps_and_goes_on_where_one_sweep_failed(
    redis_url: str, error: Exception
) -> None:
    swept: list[str] = []

    def sweeping(name: str) -> Chore:
        async def sweep() -> None:
            swept.append(name)
            raise error

        return sweep

    async def both_did_twice() -> bool:
        return min(swept.count("one"), swept.count("other")) > 1

    async with (
        a_worker(redis_url, sweep=sweeping("one")),
        a_worker(redis_url, sweep=sweeping("other")),
    ):
        await eventually(both_did_twice)
