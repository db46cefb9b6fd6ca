"""What every job store promises: on the one in memory, and on Redis."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest

from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from bot.adapters.redis_lease import RedisLease
from bot.domain.approval import BreakGlass, Decision, Verdict, Voiding
from bot.domain.break_glass import Review
from bot.domain.entities import Person
from bot.domain.job import Fix, HelpAsked, Job, JobState, MessageRef, StepRecord, StepState
from bot.domain.limits import Freeze
from bot.ports.job_store import Answer, Busy, JobStore, Lease, LeaseLost
from tests.builders import ADA, BRUNO, DENIZ, NOON, a_job, an_app_request, group

LATER = NOON + timedelta(seconds=1)
LONG_AFTER = NOON + timedelta(hours=1)
STEP = "plan_app"
Expire = Callable[[str], None]


@pytest.fixture(params=["memory", "redis"])
async def jobs(request: pytest.FixtureRequest) -> AsyncIterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobs(clock=lambda: NOON)
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        yield RedisJobs(redis, owner="tests")


async def take(jobs: JobStore, job_id: str = "job00001") -> Lease:
    lease = await jobs.acquire(job_id, now=NOON)
    assert lease
    assert not isinstance(lease, Busy)
    return lease


async def take_over(jobs: JobStore) -> Lease:
    """Another worker finds the lease run out."""
    if isinstance(jobs, MemoryJobs):
        jobs.leases.clear()
    elif isinstance(jobs, RedisJobs):
        await jobs._redis.delete("idp:{job00001}:lease")
    return await take(jobs)


def approved(by: str = "deniz", at: datetime = LATER) -> Decision:
    person = {"deniz": DENIZ, "bruno": BRUNO}[by]
    return Decision(verdict=Verdict.APPROVED, by=person, at=at)


def at_once(job: Job) -> bool:
    """One decision is enough."""
    return not job.decisions


async def test_a_job_is_read_back_as_it_was_stored(jobs: JobStore) -> None:
    await jobs.create(a_job())

    stored = await jobs.load("job00001")

    assert stored == a_job()


async def test_whoever_is_told_to_end_in_the_middle_of_a_call_ends(jobs: JobStore) -> None:
    async def look_for_ever() -> None:
        while True:
            await jobs.load("job00001")
            await asyncio.sleep(0)

    for turns in range(60):  # each cancel comes a little later in a call than the one before
        looking = asyncio.create_task(look_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        looking.cancel()
        ended, _ = await asyncio.wait([looking], timeout=5)
        assert ended


async def test_a_job_that_exists_is_not_created_again(jobs: JobStore) -> None:
    assert await jobs.create(a_job())

    assert not await jobs.create(a_job(channel="C0OTHER"))

    stored = await jobs.load("job00001")
    assert stored
    assert stored.channel == "C0GENERAL"


async def test_an_unknown_job_is_none_and_cannot_be_taken(jobs: JobStore) -> None:
    assert await jobs.load("nobody") is None
    assert await jobs.acquire("nobody", now=NOON) is None


async def test_the_newest_jobs_come_first(jobs: JobStore) -> None:
    for number in range(3):
        at = NOON + timedelta(seconds=number)
        await jobs.create(a_job(id=f"job0000{number}", created_at=at))

    assert [job.id for job in await jobs.recent(2)] == ["job00002", "job00001"]


async def test_only_one_worker_holds_a_job(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await take(jobs)

    assert isinstance(await jobs.acquire("job00001", now=NOON), Busy)


async def test_what_a_worker_writes_is_there_for_the_next_one(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    record = StepRecord(state=StepState.DONE, attempts=1, fact={"a": ["b", 1, None]})
    card = MessageRef(channel="C0GENERAL", ts="1.2")
    await lease.write_step(STEP, record, what="done", at=LATER)
    await lease.write_message("card", card)
    await lease.write_message("done", None)
    await lease.write_shown(2)
    await lease.write_audited(1)
    await lease.release()

    job = await (await take(jobs)).load()

    assert job.step(STEP) == record
    assert job.messages == {"card": card, "done": None}
    assert (job.version, job.shown_version, job.audited_version) == (2, 2, 1)


async def test_a_worker_that_was_taken_over_can_write_nothing(jobs: JobStore) -> None:
    await jobs.create(a_job())
    stale = await take(jobs)
    fresh = await take_over(jobs)

    for attempt in (
        lambda: stale.write_step(STEP, StepRecord(state=StepState.DONE), what="done", at=LATER),
        lambda: stale.write_state(JobState.DONE, at=LATER),
        lambda: stale.write_message("card", None),
        lambda: stale.write_review_overdue(LATER),
        lambda: stale.write_shown(1),
        lambda: stale.write_audited(1),
        lambda: stale.park(seen_signals=0, look_at=LATER),
        lambda: stale.settle(seen_signals=0),
        stale.renew,
        stale.release,
    ):
        with pytest.raises(LeaseLost):
            await attempt()

    assert await fresh.load() == a_job()


async def test_the_history_has_every_change_and_no_gap(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_step(STEP, StepRecord(state=StepState.RUNNING), what="began", at=LATER)
    await lease.write_step(STEP, StepRecord(state=StepState.WAITING), what="", at=LATER)
    await lease.write_state(JobState.WAITING_APPROVAL, at=LATER)
    await jobs.decide("job00001", approved(), settles=at_once)

    history = await jobs.history("job00001")

    assert [event.what for event in history] == ["asked", "began", "waiting-approval", "approved"]
    assert [event.version for event in history] == [1, 2, 3, 4]


async def test_the_history_says_who_wanted_what_and_why_and_what_was_made(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    done = StepRecord(state=StepState.DONE, fact={"b": [1], "a": "ü"})
    await lease.write_step(STEP, done, what="done", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    denied = Decision(verdict=Verdict.DENIED, by=DENIZ, at=LATER, reason="Too dear.")
    await jobs.retry("job00001", by=BRUNO, at=LATER)
    await jobs.decide("job00001", denied, settles=at_once)
    await jobs.cancel("job00001", by=ADA, at=LATER)

    asked, made, failed, *wanted = await jobs.history("job00001")

    assert (asked.by, asked.detail) == (ADA, "")
    assert (made.by, failed.by) == (None, None)
    assert made.made == hashlib.sha256('{"a":"ü","b":[1]}'.encode()).hexdigest()
    assert [(each.what, each.by) for each in wanted] == [
        ("retry", BRUNO),
        ("denied", DENIZ),
        ("cancel", ADA),
    ]
    assert wanted[1].detail == "Too dear."


async def test_the_first_decision_stands(jobs: JobStore) -> None:
    await jobs.create(a_job())

    first = await jobs.decide("job00001", approved("deniz"), settles=at_once)
    second = await jobs.decide("job00001", approved("bruno"), settles=at_once)

    job = await jobs.load("job00001")
    assert (first, second) == (Answer.ACCEPTED, Answer.TOO_LATE)
    assert job
    assert job.decision == approved("deniz")


async def test_decisions_gather_until_one_settles_the_job_and_none_counts_that_is_refused(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())

    def settles(job: Job) -> bool | None:
        return None if len(job.decisions) == 2 else len(job.decisions) == 1

    answers = [
        await jobs.decide("job00001", approved("deniz"), settles=lambda _: None),
        await jobs.decide("job00001", approved("bruno"), settles=settles),
        await jobs.decide("job00001", approved("deniz"), settles=settles),
    ]

    job = await jobs.load("job00001")
    assert answers == [Answer.TOO_LATE, Answer.ACCEPTED, Answer.ACCEPTED]
    assert job
    assert job.decisions == (approved("bruno"), approved("deniz"))
    assert job.decision == approved("deniz")
    assert [event.by for event in await jobs.history("job00001")][1:] == [BRUNO, DENIZ]


def broke_glass(at: datetime = LATER) -> Decision:
    glass = BreakGlass(
        groups=(group("oncall"),), reviewers=(group("platform"),), review_within=LONG_AFTER - NOON
    )
    person, verdict = BRUNO, Verdict.BREAK_GLASS
    return Decision(verdict=verdict, by=person, at=at, reason="Now.", glass=glass)


async def with_broken_glass(jobs: JobStore) -> None:
    """A job that went ahead without approval and has ended, with its review open."""
    await jobs.create(a_job())
    await jobs.decide("job00001", broke_glass(), settles=at_once)
    lease = await take(jobs)
    await lease.write_state(JobState.DONE, at=LATER, finished_at=LATER)
    await lease.write_audited(3)
    assert await lease.settle(seen_signals=1)


async def test_a_broken_glass_is_reviewed_once_and_the_ended_job_is_due_for_it(
    jobs: JobStore,
) -> None:
    await with_broken_glass(jobs)
    before = await jobs.due(now=LONG_AFTER)
    given = Review(by=DENIZ, at=LONG_AFTER, remark="Right.")

    first = await jobs.review("job00001", given)
    second = await jobs.review("job00001", given.model_copy(update={"by": ADA}))

    job = await jobs.load("job00001")
    assert job
    assert (first, second) == (Answer.ACCEPTED, Answer.TOO_LATE)
    assert (job.decision, job.review, job.unreviewed_glass) == (broke_glass(), given, None)
    assert (list(before), list(await jobs.due(now=LONG_AFTER))) == ([], ["job00001"])
    said = (await jobs.history("job00001"))[-1]
    assert (said.what, said.by, said.detail, said.at) == ("reviewed", DENIZ, "Right.", LONG_AFTER)


async def test_what_has_no_broken_glass_cannot_be_reviewed(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await jobs.decide("job00001", approved(), settles=at_once)

    given = Review(by=DENIZ, at=LATER)

    assert await jobs.review("job00001", given) is Answer.TOO_LATE
    assert await jobs.review("nobody", given) is Answer.UNKNOWN_JOB


async def test_that_a_review_is_overdue_is_kept_and_in_the_history(jobs: JobStore) -> None:
    await with_broken_glass(jobs)

    await (await take(jobs)).write_review_overdue(LONG_AFTER)

    job = await jobs.load("job00001")
    assert job
    assert (job.is_review_overdue, job.review_overdue_at) == (True, LONG_AFTER)
    said = (await jobs.history("job00001"))[-1]
    assert (said.what, said.version) == ("review-overdue", job.version)


@pytest.mark.parametrize("is_voided", [False, True], ids=["that holds", "that is void"])
async def test_a_job_with_a_broken_glass_is_kept_until_it_was_reviewed(
    jobs: JobStore, *, is_voided: bool
) -> None:
    await with_broken_glass(jobs)
    lease = await take(jobs)
    if is_voided:
        await lease.void(Voiding(decisions=(broke_glass(),), changed=("All.",), at=LATER))
    await lease.write_audited((await lease.load()).version)
    await lease.settle(seen_signals=1)

    kept = await jobs.forget(ended_before=LONG_AFTER)
    await jobs.review("job00001", Review(by=DENIZ, at=LATER))
    lease = await take(jobs)
    await lease.write_audited((await lease.load()).version)
    await lease.settle(seen_signals=2)

    assert list(kept) == []
    assert list(await jobs.forget(ended_before=LONG_AFTER)) == ["job00001"]


async def test_a_review_that_comes_while_the_job_is_being_settled_is_not_lost(
    redis_url: str,
) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")
        await with_broken_glass(jobs)
        lease = await take(jobs)
        assert isinstance(lease, RedisLease)
        assert await lease._let_go("1")
        await jobs.review("job00001", Review(by=DENIZ, at=LATER))

        await lease._leave_index()

        assert list(await jobs.due(now=LONG_AFTER)) == ["job00001"]


async def test_two_who_decide_at_the_same_moment_both_count(jobs: JobStore) -> None:
    await jobs.create(a_job())

    await asyncio.gather(
        *(
            jobs.decide("job00001", approved(name), settles=lambda job: len(job.decisions) == 1)
            for name in ("bruno", "deniz")
        )
    )

    job = await jobs.load("job00001")
    assert job
    assert {decision.by.name for decision in job.decisions} == {"Bruno", "Deniz"}
    assert job.decision == job.decisions[1]


async def test_a_decision_on_an_ended_or_unknown_job_is_refused(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await (await take(jobs)).write_state(JobState.CANCELLED, at=LATER, finished_at=LATER)

    assert await jobs.decide("job00001", approved(), settles=at_once) is Answer.TOO_LATE
    assert await jobs.decide("nobody", approved(), settles=at_once) is Answer.UNKNOWN_JOB


async def test_a_job_is_not_put_aside_over_a_signal_that_its_worker_has_not_seen(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    seen = (await lease.load()).signals
    await jobs.decide("job00001", approved(), settles=at_once)

    refused = not await lease.park(seen_signals=seen, look_at=LONG_AFTER)

    assert refused
    assert isinstance(await jobs.acquire("job00001", now=NOON), Busy)
    assert await lease.park(seen_signals=(await lease.load()).signals, look_at=LONG_AFTER)


async def test_a_job_that_could_not_be_put_aside_is_due_when_its_worker_may_be_dead(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    stale = await take(jobs)
    fresh = await take_over(jobs)
    await jobs.cancel("job00001", by=ADA, at=LATER)

    assert not await fresh.park(seen_signals=0, look_at=LONG_AFTER)
    with pytest.raises(LeaseLost):
        await stale.park(seen_signals=0, look_at=LONG_AFTER)

    assert list(await jobs.due(now=LATER)) == ["job00001"]


async def test_a_job_that_was_forgotten_takes_no_more_from_the_worker_that_held_it(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    stale = await take(jobs)
    fresh = await take_over(jobs)
    await fresh.write_state(JobState.DONE, at=LATER, finished_at=LATER)
    await fresh.write_audited(2)
    await fresh.settle(seen_signals=0)
    await jobs.forget(ended_before=LONG_AFTER)

    with pytest.raises(LeaseLost):
        await stale.write_shown(1)

    assert await jobs.load("job00001") is None


async def test_a_plain_signal_counts_as_well(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)

    await jobs.signal("job00001")

    assert not await lease.park(seen_signals=0, look_at=LONG_AFTER)


async def test_a_parked_job_is_due_at_its_time_and_not_before(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await (await take(jobs)).park(seen_signals=0, look_at=LONG_AFTER)

    before = await jobs.due(now=LONG_AFTER - timedelta(seconds=1))
    after = await jobs.due(now=LONG_AFTER)

    assert (list(before), list(after)) == ([], ["job00001"])


async def test_a_new_job_is_due_soon_even_if_nobody_was_told_of_it(jobs: JobStore) -> None:
    await jobs.create(a_job())

    assert list(await jobs.due(now=NOON + timedelta(seconds=6))) == ["job00001"]


async def test_a_settled_job_is_never_due_again(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.DONE, at=LATER, finished_at=LATER)

    await lease.settle(seen_signals=0)

    assert list(await jobs.due(now=LONG_AFTER)) == []


async def test_a_job_whose_worker_was_killed_is_due_again(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await take(jobs)

    for _ in itertools.repeat(None, 2):
        due = await jobs.due(now=LONG_AFTER)

    assert list(due) == []
    assert list(await jobs.due(now=LONG_AFTER + timedelta(minutes=1))) == ["job00001"]


async def test_what_a_sweep_found_is_due_again_soon_should_nobody_live_to_look_at_it(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    found = await jobs.due(now=LONG_AFTER)

    assert list(await jobs.due(now=LONG_AFTER + timedelta(seconds=1))) == []
    assert list(await jobs.due(now=LONG_AFTER + timedelta(seconds=2))) == list(found)


async def test_a_job_that_is_found_held_is_due_when_that_lease_has_run_out(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await take(jobs)

    assert isinstance(await jobs.acquire("job00001", now=NOON + timedelta(seconds=1)), Busy)

    assert list(await jobs.due(now=NOON + timedelta(seconds=9))) == []
    assert list(await jobs.due(now=NOON + timedelta(seconds=11))) == ["job00001"]


async def test_a_job_at_work_is_due_when_its_worker_may_be_dead_however_far_its_next_look_was(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    await (await take(jobs)).park(seen_signals=0, look_at=LONG_AFTER)
    await take(jobs)

    assert list(await jobs.due(now=NOON + timedelta(seconds=9))) == []
    assert list(await jobs.due(now=NOON + timedelta(seconds=10))) == ["job00001"]


@pytest.mark.parametrize("change", ["decide", "cancel"])
async def test_a_parked_job_that_somebody_changed_is_due_even_if_no_worker_was_told(
    jobs: JobStore, change: str
) -> None:
    await jobs.create(a_job())
    await (await take(jobs)).park(seen_signals=0, look_at=LONG_AFTER)

    if change == "decide":
        await jobs.decide("job00001", approved(), settles=at_once)
    else:
        await jobs.cancel("job00001", by=ADA, at=LATER)

    assert list(await jobs.due(now=LATER)) == ["job00001"]


async def test_a_settled_job_does_not_become_due_by_being_taken_again(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.DONE, at=LATER, finished_at=LATER)
    await lease.settle(seen_signals=0)

    await (await take(jobs)).release()
    await jobs.cancel("job00001", by=ADA, at=LATER)

    assert list(await jobs.due(now=LONG_AFTER)) == []


async def test_a_failed_job_can_be_retried_and_only_its_failed_steps_start_anew(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    done = StepRecord(state=StepState.DONE, attempts=1, fact={"x": 1})
    failed = StepRecord(state=StepState.FAILED, attempts=3, reason="No.", fix="Yes.")
    await lease.write_step("plan_app", done, what="done", at=LATER)
    await lease.write_step("await_pipeline", failed, what="failed", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, ending="", finished_at=LATER)
    await lease.settle(seen_signals=0)

    answer = await jobs.retry("job00001", by=ADA, at=LATER)

    job = await jobs.load("job00001")
    assert answer is Answer.ACCEPTED
    assert job
    assert (job.state, job.finished_at) == (JobState.RUNNING, None)
    assert job.step("plan_app") == done
    assert job.step("await_pipeline").state is StepState.PENDING
    assert list(await jobs.due(now=LONG_AFTER)) == ["job00001"]


async def test_a_retry_gives_steps_that_were_left_in_a_pause_their_whole_patience_again(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    failed = StepRecord(state=StepState.FAILED)
    waiting = StepRecord(state=StepState.WAITING, waiting_since=NOON, look_at=LATER, reason="So.")
    retrying = waiting.evolve(state=StepState.RETRYING, attempts=3)
    left = {"await_pipeline": failed, "register_component": waiting, "declare": retrying}
    await lease.write_steps(left, step="", what="", detail="", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, ending="", finished_at=LATER)

    await jobs.retry("job00001", by=ADA, at=LONG_AFTER)

    job = await jobs.load("job00001")
    assert job
    assert job.step("register_component") == waiting.evolve(waiting_since=None)
    assert job.step("declare") == retrying.evolve(attempts=0, waiting_since=None, look_at=None)


@pytest.mark.parametrize("goes_back", [False, True])
async def test_a_retry_sets_back_a_step_that_is_done_too_on_the_way_ahead(
    jobs: JobStore, *, goes_back: bool
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    done = StepRecord(state=StepState.DONE, started_at=NOON, finished_at=NOON, fact={"x": 1})
    failed = StepRecord(state=StepState.FAILED, reason="No.")
    await lease.write_step("await_approval", done, what="done", at=LATER)
    await lease.write_step("await_pipeline", failed, what="failed", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    if goes_back:
        await jobs.undo("job00001", by=ADA, at=LATER)
        await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)

    await jobs.retry("job00001", by=ADA, at=LATER, also="await_approval")

    job = await jobs.load("job00001")
    assert job
    asked_again = StepRecord(started_at=NOON)
    assert job.step("await_approval") == (done if goes_back else asked_again)
    assert job.step("plan_app") == StepRecord()


async def test_a_job_that_has_not_failed_cannot_be_retried(jobs: JobStore) -> None:
    await jobs.create(a_job())

    assert await jobs.retry("job00001", by=ADA, at=LATER) is Answer.TOO_LATE
    assert await jobs.retry("nobody", by=ADA, at=LATER) is Answer.UNKNOWN_JOB


async def test_what_is_wanted_of_an_unknown_job_has_nobody_look_for_it(jobs: JobStore) -> None:
    for wish in (jobs.retry, jobs.undo, jobs.cancel):
        assert await wish("nobody", by=ADA, at=LATER) is Answer.UNKNOWN_JOB

    assert list(await jobs.due(now=LONG_AFTER)) == []


async def test_a_retry_that_comes_while_a_failed_job_is_being_settled_is_not_lost(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    await jobs.retry("job00001", by=ADA, at=LATER)

    assert not await lease.settle(seen_signals=0)


async def test_a_job_is_cancelled_once(jobs: JobStore) -> None:
    await jobs.create(a_job())

    first = await jobs.cancel("job00001", by=ADA, at=LATER)
    second = await jobs.cancel("job00001", by=BRUNO, at=LATER)

    job = await jobs.load("job00001")
    assert (first, second) == (Answer.ACCEPTED, Answer.TOO_LATE)
    assert job
    assert job.cancelled_by == "Ada"


async def test_a_mark_is_new_once_and_again_when_it_was_remembered_long_enough() -> None:
    now = [NOON]
    jobs = MemoryJobs(clock=lambda: now[0])

    seen = [await jobs.is_new("a", keep=timedelta(minutes=1)) for _ in range(2)]
    now[0] = NOON + timedelta(minutes=1)
    seen += [await jobs.is_new("a", keep=timedelta(minutes=1)) for _ in range(2)]

    assert seen == [True, False, True, False]


async def test_of_those_who_see_a_mark_at_the_same_moment_one_is_told_that_it_is_new(
    jobs: JobStore,
) -> None:
    keep = timedelta(milliseconds=50)

    seen = await asyncio.gather(*(jobs.is_new("a", keep=keep) for _ in range(5)))

    assert sorted(seen) == [False] * 4 + [True]
    assert await jobs.is_new("b", keep=keep)


async def test_in_redis_a_mark_does_not_stay_for_ever(redis_url: str) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")

        await jobs.is_new("a", keep=timedelta(minutes=10))

        [key] = await redis.keys("*")
        assert 590_000 < await redis.pttl(key) <= 600_000


async def test_names_are_held_all_or_none(jobs: JobStore) -> None:
    await jobs.create(a_job(id="one"))
    await jobs.reserve({"app": "a", "host": "h"}, job_id="one", now=NOON)

    taken = await jobs.reserve({"app": "b", "host": "h"}, job_id="two", now=NOON)

    assert taken == {"host": "one"}
    assert await jobs.holder("app", "b") is None
    assert await jobs.holder("host", "h") == "one"


async def test_the_same_job_may_hold_its_names_again(jobs: JobStore) -> None:
    await jobs.reserve({"app": "a"}, job_id="one", now=NOON)

    assert await jobs.reserve({"app": "a"}, job_id="one", now=LATER) == {}


async def test_freed_names_can_be_held_by_others(jobs: JobStore) -> None:
    await jobs.create(a_job(id="one"))
    await jobs.reserve({"app": "a", "host": "h"}, job_id="one", now=NOON)
    await jobs.reserve({"app": "c"}, job_id="other", now=NOON)

    await jobs.free("one")

    assert await jobs.reserve({"app": "a", "host": "h"}, job_id="two", now=LATER) == {}
    assert await jobs.holder("app", "c") == "other"


async def test_names_reserved_by_a_request_that_died_are_free_after_a_minute(
    jobs: JobStore,
) -> None:
    await jobs.reserve({"app": "a"}, job_id="died", now=NOON)

    soon = await jobs.reserve({"app": "a"}, job_id="two", now=NOON + timedelta(seconds=30))
    late = await jobs.reserve({"app": "a"}, job_id="two", now=NOON + timedelta(seconds=90))

    assert (soon, late) == ({"app": "died"}, {})


async def ended(
    jobs: JobStore, job_id: str, state: JobState = JobState.DONE, *, at: datetime = LATER
) -> None:
    """A job that a worker has brought to its end, recorded and let go of."""
    await jobs.create(a_job(id=job_id))
    lease = await take(jobs, job_id)
    await lease.write_state(state, at=at, finished_at=at)
    await lease.write_audited(2)
    assert await lease.settle(seen_signals=0)


async def test_jobs_that_have_not_ended_are_counted_by_state_and_by_what_they_wait_for(
    jobs: JobStore,
) -> None:
    await ended(jobs, "job00000")
    for number in (1, 2, 3):
        await jobs.create(a_job(id=f"job0000{number}"))
    lease = await take(jobs)
    waits = StepRecord(state=StepState.WAITING, reason="the pipeline 7 of idp/payments/x")
    await lease.write_step(STEP, waits, what="waiting", at=LATER)
    await lease.write_state(JobState.WAITING, at=LATER)

    counted = await jobs.census(now=NOON)

    assert counted.jobs == {
        JobState.RUNNING: 2,
        JobState.WAITING: 1,
        JobState.WAITING_APPROVAL: 0,
        JobState.UNDOING: 0,
    }
    assert counted.pauses == {(STEP, StepState.WAITING): 1}


async def test_how_long_a_job_has_waited_to_be_looked_at_is_told(jobs: JobStore) -> None:
    assert (await jobs.census(now=LONG_AFTER)).overdue == timedelta()

    await jobs.create(a_job())

    assert (await jobs.census(now=NOON)).overdue == timedelta()
    assert (await jobs.census(now=LONG_AFTER)).overdue == timedelta(hours=1, seconds=-5)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
async def test_a_job_that_ended_long_ago_is_forgotten_with_all_that_it_held(
    jobs: JobStore, state: JobState
) -> None:
    await jobs.reserve({"host": "hello.localhost"}, job_id="job00001", now=NOON)
    await ended(jobs, "job00001", state)

    assert list(await jobs.forget(ended_before=LONG_AFTER)) == ["job00001"]

    assert await jobs.load("job00001") is None
    assert await jobs.recent() == []
    assert list(await jobs.history("job00001")) == []
    assert await jobs.holder("host", "hello.localhost") is None
    assert list(await jobs.due(now=LONG_AFTER)) == []
    assert list(await jobs.forget(ended_before=LONG_AFTER)) == []


async def test_what_ended_lately_or_not_at_all_is_kept(jobs: JobStore) -> None:
    await ended(jobs, "job00001", at=LONG_AFTER)
    await jobs.create(a_job(id="job00002"))
    await ended(jobs, "job00003", JobState.FAILED)
    await jobs.retry("job00003", by=ADA, at=LATER)

    assert list(await jobs.forget(ended_before=LONG_AFTER)) == []

    assert len(await jobs.recent()) == 3


async def test_a_job_that_a_worker_holds_is_kept(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.DONE, at=LATER, finished_at=LATER)
    await lease.write_audited(2)

    assert list(await jobs.forget(ended_before=LONG_AFTER)) == []

    assert (await lease.load()).state is JobState.DONE


async def test_a_job_that_the_audit_does_not_tell_all_of_is_kept(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_audited(1)
    await lease.write_state(JobState.DONE, at=LATER, finished_at=LATER)
    await lease.release()

    assert list(await jobs.forget(ended_before=LONG_AFTER)) == []

    assert await jobs.load("job00001")


async def test_many_old_jobs_are_forgotten_in_bites(jobs: JobStore) -> None:
    for number in range(3):
        await ended(jobs, f"job0000{number}")

    bites = [len(await jobs.forget(ended_before=LONG_AFTER, limit=2)) for _ in range(3)]

    assert bites == [2, 1, 0]


async def test_in_redis_a_job_that_is_not_there_is_looked_for_once(redis_url: str) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")
        await redis.zadd("idp:due", {"died": NOON.timestamp()})  # its maker was killed in between
        await redis.zadd("idp:due", {"job00001": LONG_AFTER.timestamp()})  # the maker of this one
        await jobs.create(a_job())

        assert await jobs.acquire("died", now=NOON) is None

        assert list(await jobs.due(now=NOON + timedelta(seconds=6))) == ["job00001"]


async def test_in_redis_nothing_of_a_forgotten_job_is_left(redis_url: str) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")
        await jobs.reserve({"host": "hello.localhost"}, job_id="job00001", now=NOON)
        await ended(jobs, "job00001", JobState.FAILED)

        await jobs.forget(ended_before=LONG_AFTER)

        assert await redis.keys("*") == []


async def test_a_removal_that_a_crash_cut_short_is_finished_by_the_next(redis_url: str) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")
        await jobs.reserve({"host": "hello.localhost"}, job_id="job00001", now=NOON)
        await ended(jobs, "job00001", JobState.FAILED)
        await redis.delete("idp:{job00001}:job", "idp:{job00001}:history")

        await jobs.forget(ended_before=LONG_AFTER)

        assert await redis.keys("*") == []


async def test_jobs_are_found_by_when_they_were_asked_for_and_while_they_last(
    jobs: JobStore,
) -> None:
    for number in range(3):
        moment = NOON + timedelta(minutes=number)
        await jobs.create(a_job(id=f"job0000{number}", created_at=moment))
    await (await take(jobs, "job00002")).write_state(JobState.DONE, at=LATER, finished_at=LATER)

    assert [job.id for job in await jobs.since(NOON)] == ["job00002", "job00001"]
    assert {job.id for job in await jobs.unfinished()} == {"job00000", "job00001"}


async def test_all_jobs_of_a_time_are_found_however_many(jobs: JobStore) -> None:
    for number in range(60):
        at = NOON + timedelta(seconds=number)
        await jobs.create(a_job(id=f"job{number:05}", created_at=at))

    found = [job.id for job in await jobs.since(NOON)]

    assert found == [f"job{number:05}" for number in range(59, 0, -1)]


async def test_a_freeze_lasts_until_it_is_ended(jobs: JobStore) -> None:
    freeze = Freeze(reason="The cluster is being moved.", by="deniz", since=NOON)
    before = await jobs.frozen()

    await jobs.freeze(freeze)
    during = await jobs.frozen()
    await jobs.freeze(None)

    assert (before, during, await jobs.frozen()) == (None, freeze, None)


async def test_a_failed_job_is_undone_once_and_its_own_failures_are_what_a_retry_begins_anew(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    failed = StepRecord(state=StepState.FAILED, started_at=NOON)
    await lease.write_step(STEP, failed, what="failed", at=LATER)
    early = await jobs.undo("job00001", by=ADA, at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, ending="", finished_at=LATER)

    begun = await jobs.undo("job00001", by=ADA, at=LATER)
    again = await jobs.undo("job00001", by=BRUNO, at=LATER)
    stopped = await jobs.cancel("job00001", by=BRUNO, at=LATER)
    undoing = await jobs.load("job00001")
    await lease.write_step(f"undo:{STEP}", failed, what="failed", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    retried = await jobs.retry("job00001", by=ADA, at=LATER)

    late = Answer.TOO_LATE
    assert [early, begun, again, stopped, retried] == [
        late,
        Answer.ACCEPTED,
        late,
        late,
        Answer.ACCEPTED,
    ]
    assert undoing
    assert (undoing.state, undoing.undo_by, undoing.finished_at) == (JobState.UNDOING, "Ada", None)
    job = await jobs.load("job00001")
    assert job
    assert job.state is JobState.UNDOING
    assert job.step(STEP).state is StepState.FAILED
    assert job.step(f"undo:{STEP}").state is StepState.PENDING
    assert await jobs.due(now=LONG_AFTER) == ["job00001"]


async def a_failure(jobs: JobStore, *, is_stopped: bool = False) -> tuple[Job, Fix]:
    """A failed job of which an answer is at fault, and another answer."""
    await jobs.create(a_job())
    lease = await take(jobs)
    if is_stopped:
        await jobs.cancel("job00001", by=BRUNO, at=LATER)
    plan = StepRecord(state=StepState.DONE, started_at=NOON, fact={"x": 1})
    failed = StepRecord(state=StepState.FAILED, started_at=NOON, fields=("hostname",))
    await lease.write_step(STEP, plan, what="done", at=LATER)
    await lease.write_step("create_app_repository", failed, what="failed", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, ending="", finished_at=LATER)
    await lease.settle(seen_signals=0)
    job = await jobs.load("job00001")
    assert job
    fix = Fix(
        request=an_app_request(hostname="other"),
        taken_back=("create_app_repository",),
        begun_anew=(STEP, "create_app_repository"),
        amended={"create_deployment_repository": ("values.yaml",), "create_app_repository": ("a",)},
        by=ADA,
        changed="hostname: other instead of hello",
    )
    return job, fix


async def test_other_answers_are_kept_beside_the_first_ones_until_these_are_out_of_the_way(
    jobs: JobStore,
) -> None:
    job, fix = await a_failure(jobs)

    accepted = await jobs.fix(job.id, fix, request=job.request, at=LATER)
    again = await jobs.fix(job.id, fix, request=job.request, at=LATER)
    held = await jobs.load(job.id)
    due = await jobs.due(now=LONG_AFTER)
    lease = await take(jobs)
    records = {STEP: StepRecord(fact={"x": 1}), "create_app_repository": StepRecord()}
    await lease.write_fixed(records, at=LATER)
    await lease.write_fixed({}, at=LATER)

    assert (accepted, again) == (Answer.ACCEPTED, Answer.TOO_LATE)
    assert held
    assert (held.state, held.fix, held.request) == (JobState.RUNNING, fix, job.request)
    assert held.goes_back
    assert due == [job.id]
    fixed = await jobs.load(job.id)
    assert fixed
    assert (fixed.fix, fixed.request) == (None, fix.request)
    assert fixed.amended == {"create_deployment_repository": ("values.yaml",)}
    assert (held.changed_by, fixed.changed_by) == ((), (ADA,))
    assert fixed.step(STEP) == records[STEP]
    history = await jobs.history(job.id)
    assert [event.what for event in history][-2:] == ["fix", "fixed"]
    assert (history[-2].by, history[-2].detail) == (ADA, "hostname: other instead of hello")


@pytest.mark.parametrize("how", ["retry", "fix"])
async def test_who_has_a_failed_job_go_on_that_was_to_be_stopped_takes_the_stop_back(
    jobs: JobStore, how: str
) -> None:
    job, fix = await a_failure(jobs, is_stopped=True)
    assert job.is_stopping

    if how == "retry":
        await jobs.retry(job.id, by=ADA, at=LATER)
    else:
        await jobs.fix(job.id, fix, request=job.request, at=LATER)

    gone_on = await jobs.load(job.id)
    assert gone_on
    assert not gone_on.is_stopping
    assert gone_on.can_be_cancelled


async def test_an_answer_to_what_is_not_asked_for_any_more_is_refused(jobs: JobStore) -> None:
    job, fix = await a_failure(jobs)
    other = an_app_request(hostname="another")

    assert await jobs.fix(job.id, fix, request=other, at=LATER) is Answer.TOO_LATE
    assert await jobs.fix("nobody", fix, request=other, at=LATER) is Answer.UNKNOWN_JOB


async def test_an_undo_takes_the_place_of_a_fix_that_cannot_be_made(jobs: JobStore) -> None:
    job, fix = await a_failure(jobs)
    await jobs.fix(job.id, fix, request=job.request, at=LATER)
    lease = await take(jobs)
    way_back = StepRecord(state=StepState.FAILED, attempts=3, started_at=LATER, reason="No right.")
    await lease.write_step(f"undo:{STEP}", way_back, what="failed", at=LATER)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)

    assert await jobs.undo(job.id, by=ADA, at=LATER) is Answer.ACCEPTED

    undoing = await jobs.load(job.id)
    assert undoing
    assert (undoing.fix, undoing.undo_by) == (None, "Ada")
    assert undoing.step(f"undo:{STEP}") == StepRecord(started_at=LATER), "it begins anew"


async def test_void_decisions_make_room_for_others_and_are_remembered(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await jobs.decide("job00001", approved(), settles=at_once)
    void = Voiding(decisions=(approved(),), changed=("README.md",), at=LATER)

    await lease.void(void)
    answer = await jobs.decide("job00001", approved("bruno"), settles=at_once)

    job = await jobs.load("job00001")
    assert answer is Answer.ACCEPTED
    assert job
    assert job.voided == (void,)
    assert job.decisions == (approved("bruno"),)
    [told] = [event for event in await jobs.history("job00001") if event.what == "voided"]
    assert told.detail == "README.md"


async def test_several_steps_change_at_once(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    records = {STEP: StepRecord(fact={"x": 1}), "await_approval": StepRecord(attempts=2)}

    await lease.write_steps(records, step=STEP, what="planned-again", detail="Why.", at=LATER)
    second = await take_over(jobs)

    job = await jobs.load("job00001")
    assert job
    assert job.steps == records
    assert [e.what for e in await jobs.history("job00001")] == ["asked", "planned-again"]
    for write in (
        lease.write_steps(records, step=STEP, what="planned-again", detail="", at=LATER),
        lease.void(Voiding(decisions=(), changed=(), at=LATER)),
    ):
        with pytest.raises(LeaseLost):
            await write
    await second.release()


def help_wanted(by: Person = ADA, at: datetime = LONG_AFTER) -> HelpAsked:
    return HelpAsked(
        by=by, at=at, group=group("platform"), channel="C0PLATFORM", words="Please look."
    )


async def test_help_is_asked_for_once_for_a_failure_and_makes_a_settled_job_due(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    running = await jobs.ask_for_help("job00001", help_wanted())
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    assert await lease.settle(seen_signals=0)

    answers = [await jobs.ask_for_help("job00001", help_wanted(by)) for by in (ADA, BRUNO)]
    unknown = await jobs.ask_for_help("job00009", help_wanted())

    assert running is Answer.TOO_LATE
    assert answers == [Answer.ACCEPTED, Answer.TOO_LATE]
    assert unknown is Answer.UNKNOWN_JOB
    job = await jobs.load("job00001")
    assert job
    assert job.help_asked == (help_wanted(),)
    assert (job.state, job.signals) == (JobState.FAILED, 1)
    assert await jobs.due(now=LONG_AFTER) == ["job00001"]
    event = (await jobs.history("job00001"))[-1]
    assert (event.what, event.by, event.detail) == ("help", ADA, "Please look.")


async def test_two_who_ask_for_help_at_the_same_moment_ask_once(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)

    wishes = (jobs.ask_for_help("job00001", help_wanted(by)) for by in (ADA, BRUNO))
    answers = await asyncio.gather(*wishes)

    assert sorted(answers) == [Answer.ACCEPTED, Answer.TOO_LATE]


async def test_a_job_that_was_put_aside_over_a_change_of_somebody_who_died_is_found(
    jobs: JobStore,
) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.park(seen_signals=0, look_at=LONG_AFTER)
    before = await jobs.overlooked()

    await jobs.signal("job00001")  # nobody is nudged

    assert list(before) == []
    assert list(await jobs.overlooked()) == ["job00001"]
    assert list(await jobs.due(now=NOON)) == ["job00001"]


async def test_a_job_that_went_on_while_it_was_being_settled_is_found(jobs: JobStore) -> None:
    await jobs.create(a_job())
    lease = await take(jobs)
    await lease.write_state(JobState.FAILED, at=LATER, finished_at=LATER)
    await lease.settle(seen_signals=0)
    settled = await jobs.overlooked()
    await jobs.retry("job00001", by=ADA, at=LATER)
    await _forget_that_it_is_due(jobs)

    assert list(settled) == []
    assert list(await jobs.overlooked()) == ["job00001"]
    assert list(await jobs.due(now=NOON)) == ["job00001"]


async def test_a_job_at_work_is_not_overlooked(jobs: JobStore) -> None:
    await jobs.create(a_job())
    await take(jobs)
    await jobs.signal("job00001")

    assert list(await jobs.overlooked()) == []


async def _forget_that_it_is_due(jobs: JobStore) -> None:
    """As a worker leaves it that settled the job at the same moment."""
    if isinstance(jobs, MemoryJobs):
        jobs.due_at.clear()
    elif isinstance(jobs, RedisJobs):
        await jobs._redis.delete("idp:due")
