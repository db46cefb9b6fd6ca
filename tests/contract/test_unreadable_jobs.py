"""What becomes of a job that another version of the bot wrote: on the store in memory, and on Redis."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import structlog
from redis.asyncio import Redis

from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from bot.domain.job import JobState
from bot.ports.job_store import Busy, JobStore, Lease, LeaseLost, Unreadable
from tests.builders import ADA, NOON, a_job

BEFORE = NOON - timedelta(seconds=1)
LATER = NOON + timedelta(seconds=1)
LONG_AFTER = NOON + timedelta(hours=1)
NEWER = "job00002"
KEY = "idp:{job00002}:job"
A_NEWER_STEP = '{"state": "done", "since_version_two": "hunter2"}'


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url) as opened:
        yield opened


@pytest.fixture(params=["memory", "redis"])
async def jobs(request: pytest.FixtureRequest) -> AsyncIterator[JobStore]:
    """Two jobs, of which a newer version of the bot has written to the second."""
    if request.param == "memory":
        memory = MemoryJobs(clock=lambda: NOON)
        await _two_in(memory)
        memory.unreadable.add(NEWER)
        yield memory
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        yield await a_mixed_store(redis)


async def a_mixed_store(redis: Redis) -> RedisJobs:
    store = RedisJobs(redis, owner="tests")
    await _two_in(store)
    await redis.hset(KEY, "step:plan_app", A_NEWER_STEP)
    return store


async def _two_in(store: JobStore) -> None:
    await store.create(a_job())
    await store.create(a_job(id=NEWER))


async def taken(jobs: JobStore) -> Lease:
    lease = await jobs.acquire(NEWER, now=NOON)
    assert lease
    assert not isinstance(lease, Busy)
    return lease


async def test_listings_leave_out_what_they_cannot_read(jobs: JobStore) -> None:
    listings = (await jobs.recent(), await jobs.unfinished(), await jobs.since(BEFORE))

    assert [[job.id for job in listing] for listing in listings] == [["job00001"]] * 3
    assert (await jobs.census(now=LATER)).jobs[JobState.RUNNING] == 1


async def test_who_asks_for_it_by_its_id_is_told_why_it_cannot_be_shown(jobs: JobStore) -> None:
    with pytest.raises(Unreadable) as told:
        await jobs.load(NEWER)

    assert str(told.value) == (
        "Job job00002 was written by another version of idp-bot, and this one cannot read it. "
        "Have the platform team start that version again; nothing is lost."
    )


async def test_its_names_stay_its_own(jobs: JobStore) -> None:
    await jobs.reserve({"app": "a"}, job_id=NEWER, now=NOON)

    assert await jobs.reserve({"app": "a"}, job_id="job00003", now=LONG_AFTER) == {"app": NEWER}


async def test_a_worker_can_put_it_aside_whatever_has_reached_it(jobs: JobStore) -> None:
    lease = await taken(jobs)
    await jobs.signal(NEWER)
    with pytest.raises(Unreadable):
        await lease.load()

    assert await lease.park(seen_signals=None, look_at=LONG_AFTER)

    assert NEWER not in await jobs.due(now=NOON + timedelta(minutes=59))
    assert NEWER in await jobs.due(now=LONG_AFTER)
    assert NEWER in await jobs.overlooked()  # so whoever can read it sees the signal


async def test_it_is_logged_once_for_all_listings_and_without_what_is_in_it(redis: Redis) -> None:
    jobs = await a_mixed_store(redis)

    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            await jobs.recent()
            await jobs.unfinished()

    where = "since_version_two: extra_forbidden"
    assert [(line["event"], line["job"], line["where"]) for line in lines] == [
        ("job.unreadable", NEWER, where)
    ]
    assert "hunter2" not in str(lines)


async def test_nothing_that_is_wanted_of_it_is_written(redis: Redis) -> None:
    jobs = await a_mixed_store(redis)
    before = await redis.hgetall(KEY)

    with pytest.raises(Unreadable):
        await jobs.cancel(NEWER, by=ADA, at=LATER)

    assert await redis.hgetall(KEY) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "paused"),
        ("request", '{"kind": "new-moon"}'),
        ("request", "{"),
        ("request", None),
        ("version", "two"),
        ("decisions", '[{"verdict": "break-glass", "moon": 1}]'),
    ],
)
async def test_whatever_is_in_it_no_chore_of_the_workers_breaks_and_it_is_kept(
    redis: Redis, field: str, value: str | None
) -> None:
    jobs = RedisJobs(redis, owner="tests")
    await jobs.create(a_job(id=NEWER))
    await redis.hset(KEY, mapping={"state": "done", "finished_at": LATER.isoformat()})
    await (redis.hdel(KEY, field) if value is None else redis.hset(KEY, field, value))

    await redis.hset(KEY, "audited_version", "1")

    await jobs.overlooked()
    if field in {"state", "decisions"}:
        assert list(await jobs.forget(ended_before=LONG_AFTER)) == []

    assert (await jobs.recent(), (await jobs.census(now=LATER)).overdue) == ([], timedelta())
    with pytest.raises(Unreadable):
        await jobs.load(NEWER)


async def test_a_history_or_a_freeze_of_another_version_is_told_in_words(redis: Redis) -> None:
    jobs = RedisJobs(redis, owner="tests")
    await redis.xadd("idp:{job00002}:history", {"version": 1, "event": '{"moon": "full"}'})
    await redis.set("idp:freeze", '{"moon": "full"}')

    with pytest.raises(Unreadable, match="The history of job job00002 was written by"):
        await jobs.history(NEWER)
    with pytest.raises(Unreadable, match="The freeze was written by"):
        await jobs.frozen()


async def test_a_job_that_was_forgotten_is_lost_to_its_worker(redis: Redis) -> None:
    jobs = RedisJobs(redis, owner="tests")
    await jobs.create(a_job(id=NEWER))
    lease = await taken(jobs)
    await redis.delete(KEY)

    with pytest.raises(LeaseLost):
        await lease.load()
