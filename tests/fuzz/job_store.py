"""A job store as it should behave, in plain values, and a machine that holds a real one against it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from pydantic import JsonValue

from bot.domain.approval import Decision, Verdict
from bot.domain.job import UNDO, Job, JobState, StepRecord, StepState
from bot.ports.clock import Clock
from bot.ports.job_store import Answer, Busy, JobStore, Lease, LeaseLost
from tests.builders import ADA, BRUNO, DENIZ, NOON, a_job

T = TypeVar("T")
LEASE = timedelta(seconds=10)
FIRST_LOOK = timedelta(seconds=5)
HANDED_OUT_FOR = timedelta(seconds=2)
JOBS = ("job00001", "job00002")
RUNNERS = (0, 1, 2)
STEPS = ("plan_app", "await_approval", f"{UNDO}plan_app")
FORWARD = {
    StepState.PENDING: (StepState.RUNNING,),
    StepState.RUNNING: (StepState.WAITING, StepState.RETRYING, StepState.DONE, StepState.FAILED),
    StepState.WAITING: (StepState.RUNNING,),
    StepState.RETRYING: (StepState.RUNNING,),
}
ENDS = {
    JobState.RUNNING: (JobState.DONE, JobState.FAILED, JobState.CANCELLED),
    JobState.UNDOING: (JobState.UNDONE, JobState.FAILED),
}
PROGRESS = (StepState.PENDING, StepState.RUNNING, StepState.WAITING, StepState.RETRYING)

a_job_id = st.sampled_from(JOBS)
a_runner = st.sampled_from(RUNNERS)
a_moment = st.sampled_from([timedelta(0), timedelta(seconds=3), timedelta(hours=1)])


class Backend(Protocol):
    """A store that can be looked into, and whose leases can be made to run out."""

    @property
    def jobs(self) -> JobStore: ...

    async def due_at(self, job_id: str) -> datetime | None: ...

    async def expire(self, job_id: str) -> None: ...


@dataclass
class Kept:
    """What the model knows of one job: the job itself, who may write to it, and what it stood at when last looked at."""

    job: Job
    fence: int = 0
    held_until: datetime | None = None
    looked_at: Job | None = None
    reopened: bool = False

    def is_held(self, now: datetime) -> bool:
        return self.held_until is not None and now < self.held_until

    def change(self, *, in_history: bool = True, **changes: Any) -> None:
        version = self.job.version + in_history
        self.job = self.job.model_copy(update={"version": version, **changes})

    def wanted(self, **changes: Any) -> None:
        """Somebody from outside wants something."""
        self.change(signals=self.job.signals + 1, **changes)


@dataclass
class Held:
    """A job in the hands of a runner, which knows it as it last read it and as it wrote it since."""

    lease: Lease
    fence: int
    seen: Job


@dataclass
class Model:
    now: datetime = NOON
    kept: dict[str, Kept] = field(default_factory=dict)
    hands: dict[tuple[int, str], Held] = field(default_factory=dict)

    def is_stale(self, held: Held) -> bool:
        kept = self.kept.get(held.seen.id)
        return kept is None or held.fence != kept.fence


class JobStoreMachine(RuleBasedStateMachine):
    """Three runners and some people at two jobs, in any order, with deaths, repeats and takeovers."""

    def __init__(
        self, open_backend: Callable[[Clock], Awaitable[Backend]], loop: asyncio.Runner
    ) -> None:
        super().__init__()
        self.loop = loop
        self.model = Model()
        self.store = self.does(awaited(lambda: open_backend(lambda: self.model.now)))

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    @property
    def jobs(self) -> JobStore:
        return self.store.jobs

    # What time and death do.

    @rule(seconds=st.sampled_from([1, 6, 30]))
    def time_passes(self, seconds: int) -> None:
        self.model.now += timedelta(seconds=seconds)
        for job_id, kept in self.model.kept.items():
            if kept.held_until and not kept.is_held(self.model.now):
                self.lease_runs_out(job_id)

    @rule(job_id=a_job_id)
    def lease_runs_out(self, job_id: str) -> None:
        self.does(self.store.expire(job_id))
        if kept := self.model.kept.get(job_id):
            kept.held_until = None

    @rule(runner=a_runner)
    def runner_is_killed(self, runner: int) -> None:
        for job_id in JOBS:
            self.model.hands.pop((runner, job_id), None)

    # What people do.

    @initialize(job_ids=st.sampled_from([JOBS[:1], JOBS]))
    def begin(self, job_ids: tuple[str, ...]) -> None:
        for job_id in job_ids:
            self.is_asked_for(job_id)

    @rule(job_id=a_job_id)
    def is_asked_for(self, job_id: str) -> None:
        asked = a_job(id=job_id, created_at=self.model.now)
        is_new = job_id not in self.model.kept
        assert self.does(self.jobs.create(asked)) is is_new
        if is_new:
            self.model.kept[job_id] = Kept(asked)
            due_at = self.due_at(job_id)
            assert due_at
            assert due_at <= self.model.now + FIRST_LOOK

    @rule(job_id=a_job_id)
    def is_signalled(self, job_id: str) -> None:
        self.does(self.jobs.signal(job_id))
        if kept := self.model.kept.get(job_id):
            kept.wanted(in_history=False)

    @rule(job_id=a_job_id, verdict=st.sampled_from(Verdict), needed=st.sampled_from([1, 2]))
    def is_decided(self, job_id: str, verdict: Verdict, needed: int) -> None:
        decision = Decision(verdict=verdict, by=DENIZ, at=self.model.now)
        settles = settled_by(needed)
        kept = self.model.kept.get(job_id)
        accepted = kept is not None and can_be_decided(kept.job)
        is_last = kept is not None and settles(kept.job)
        answer = self.does(self.jobs.decide(job_id, decision, settles=settles))
        self.answered(job_id, answer, accepted=accepted)
        if kept and accepted:
            decisions = (*kept.job.decisions, decision)
            kept.wanted(decisions=decisions, decision=decision if is_last else None)

    @rule(job_id=a_job_id)
    def is_decided_by_two_at_once(self, job_id: str) -> None:
        given = [
            Decision(verdict=Verdict.APPROVED, by=p, at=self.model.now) for p in (BRUNO, DENIZ)
        ]
        kept = self.model.kept.get(job_id)
        if not kept or not can_be_decided(kept.job):
            return

        async def both() -> list[Answer]:
            calls = [self.jobs.decide(job_id, each, settles=settled_by(1)) for each in given]
            return list(await asyncio.gather(*calls))

        answers = self.does(both())
        assert sorted(answers) == [Answer.ACCEPTED, Answer.TOO_LATE]
        first = given[answers.index(Answer.ACCEPTED)]
        kept.wanted(decisions=(*kept.job.decisions, first), decision=first)

    @rule(job_id=a_job_id)
    def is_cancelled(self, job_id: str) -> None:
        kept = self.model.kept.get(job_id)
        accepted = kept is not None and kept.job.can_be_cancelled
        answer = self.does(self.jobs.cancel(job_id, by=ADA, at=self.model.now))
        self.answered(job_id, answer, accepted=accepted)
        if kept and accepted:
            kept.wanted(cancelled_by=ADA.name)

    @rule(job_id=a_job_id)
    def is_retried(self, job_id: str) -> None:
        kept = self.model.kept.get(job_id)
        accepted = kept is not None and kept.job.state is JobState.FAILED
        answer = self.does(self.jobs.retry(job_id, by=ADA, at=self.model.now))
        self.answered(job_id, answer, accepted=accepted)
        if kept and accepted:
            steps, state = {**kept.job.steps, **kept.job.after_retry()}, kept.job.state_after_retry
            kept.wanted(state=state, steps=steps, finished_at=None, cancelled_by="")
            kept.reopened = True

    @rule(job_id=a_job_id)
    def is_undone(self, job_id: str) -> None:
        kept = self.model.kept.get(job_id)
        accepted = kept is not None and kept.job.can_be_undone
        answer = self.does(self.jobs.undo(job_id, by=ADA, at=self.model.now))
        self.answered(job_id, answer, accepted=accepted)
        if kept and accepted:
            kept.wanted(state=JobState.UNDOING, undo_by=ADA.name, finished_at=None)
            kept.reopened = True

    def answered(self, job_id: str, answer: Answer, *, accepted: bool) -> None:
        """What was accepted makes the job due at once, should nobody live to nudge a worker."""
        if job_id not in self.model.kept:
            assert answer is Answer.UNKNOWN_JOB
        else:
            assert answer is (Answer.ACCEPTED if accepted else Answer.TOO_LATE)
        if accepted:
            due_at = self.due_at(job_id)
            assert due_at
            assert due_at <= self.model.now

    # What runners do.

    @rule(runner=a_runner, job_id=a_job_id)
    def is_delivered(self, runner: int, job_id: str) -> None:
        kept = self.model.kept.get(job_id)
        found = self.does(self.jobs.acquire(job_id, now=self.model.now))
        if not kept:
            assert found is None
        elif kept.is_held(self.model.now):
            assert isinstance(found, Busy)
        else:
            assert found
            assert not isinstance(found, Busy)
            kept.fence += 1
            kept.held_until = self.model.now + LEASE
            held = Held(found, kept.fence, self.does(found.load()))
            self.model.hands[runner, job_id] = held

    @rule(first=a_runner, second=a_runner, job_id=a_job_id)
    def is_delivered_twice(self, first: int, second: int, job_id: str) -> None:
        self.is_delivered(first, job_id)
        self.is_delivered(second, job_id)

    @rule(first=a_runner, second=a_runner, job_id=a_job_id)
    def is_taken_over(self, first: int, second: int, job_id: str) -> None:
        self.is_delivered(first, job_id)
        self.lease_runs_out(job_id)
        self.is_delivered(second, job_id)

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data())
    def lease_is_renewed(self, choice: st.DataObject) -> None:
        held = self.some_hand(choice)
        if self.goes_through(held, held.lease.renew):
            self.model.kept[held.seen.id].held_until = self.model.now + LEASE

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data())
    def step_goes_on(self, choice: st.DataObject) -> None:
        held = self.some_hand(choice)
        step = choice.draw(st.sampled_from(STEPS))
        before = held.seen.step(step)
        if held.seen.state.is_end or before.state not in FORWARD:
            return
        state = choice.draw(st.sampled_from(FORWARD[before.state]))
        record = following(before, state)
        what = choice.draw(st.sampled_from([state.value, ""]))

        def write() -> Awaitable[None]:
            return held.lease.write_step(step, record, what=what, at=self.model.now)

        if self.goes_through(held, write):
            self.written(held, in_history=bool(what), steps={**held.seen.steps, step: record})

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data())
    def job_ends(self, choice: st.DataObject) -> None:
        self.end(self.some_hand(choice), choice)

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data(), later=a_moment)
    def is_parked(self, choice: st.DataObject, later: timedelta) -> None:
        self.park(self.some_hand(choice), later)

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data())
    def is_recorded_and_settled(self, choice: st.DataObject) -> None:
        self.settle(self.some_hand(choice))

    @rule(runner=a_runner, job_id=a_job_id, later=a_moment)
    def is_looked_at(self, runner: int, job_id: str, later: timedelta) -> None:
        self.is_delivered(runner, job_id)
        if held := self.model.hands.get((runner, job_id)):
            self.park(held, later)

    @rule(runner=a_runner, job_id=a_job_id, choice=st.data())
    def is_taken_to_its_end(self, runner: int, job_id: str, choice: st.DataObject) -> None:
        self.is_delivered(runner, job_id)
        if held := self.model.hands.get((runner, job_id)):
            self.end(held, choice)
            self.settle(held)

    @precondition(lambda self: self.model.hands)
    @rule(choice=st.data())
    def is_released(self, choice: st.DataObject) -> None:
        held = self.some_hand(choice)
        if self.goes_through(held, held.lease.release):
            self.let_go(held)

    def end(self, held: Held, choice: st.DataObject) -> None:
        if held.seen.state.is_end:
            return
        state = choice.draw(st.sampled_from(ENDS[held.seen.state]))

        def write() -> Awaitable[None]:
            return held.lease.write_state(state, at=self.model.now, finished_at=self.model.now)

        if self.goes_through(held, write):
            self.written(held, state=state, finished_at=self.model.now)

    def park(self, held: Held, later: timedelta) -> None:
        look_at = self.model.now + later
        if self.is_let_go(
            held, lambda: held.lease.park(seen_signals=held.seen.signals, look_at=look_at)
        ):
            assert self.due_at(held.seen.id) == look_at

    def settle(self, held: Held) -> None:
        if not held.seen.state.is_end:
            return
        version = held.seen.version
        if self.goes_through(held, lambda: held.lease.write_audited(version)):
            self.written(held, in_history=False, audited_version=version)
        if self.is_let_go(held, lambda: held.lease.settle(seen_signals=held.seen.signals)):
            assert self.due_at(held.seen.id) is None

    @rule(limit=st.sampled_from([1, 200]))
    def is_swept(self, limit: int) -> None:
        before = {job_id: self.due_at(job_id) for job_id in JOBS}
        late = {job_id for job_id, at in before.items() if at and at <= self.model.now}
        swept = self.does(self.jobs.due(now=self.model.now, limit=limit))
        assert set(swept) <= late
        assert len(swept) == min(limit, len(late))
        again = self.model.now + HANDED_OUT_FOR
        assert all(self.due_at(job_id) == again for job_id in swept)

    @rule()
    def old_jobs_are_forgotten(self) -> None:
        self.time_passes(1)
        over = self.model.now
        gone = {
            job_id
            for job_id, kept in self.model.kept.items()
            if kept.job.state.is_end
            and not kept.is_held(self.model.now)
            and kept.job.finished_at
            and kept.job.finished_at < over
            and kept.job.audited_version == kept.job.version
        }
        assert set(self.does(self.jobs.forget(ended_before=over))) == gone
        assert not any(self.due_at(job_id) for job_id in gone)
        for job_id in gone:
            del self.model.kept[job_id]
        self.stale_hands_write_nothing()
        hands = self.model.hands
        self.model.hands = {at: held for at, held in hands.items() if at[1] not in gone}

    @rule()
    def stale_hands_write_nothing(self) -> None:
        for held in self.model.hands.values():
            if self.model.is_stale(held):
                for write in every_write(held.lease, self.model.now):
                    self.is_refused(write)

    # What holds at any time.

    @invariant()
    def every_job_is_as_the_model_has_it(self) -> None:
        for job_id in JOBS:
            kept = self.model.kept.get(job_id)
            assert self.does(self.jobs.load(job_id)) == (kept.job if kept else None)

    @invariant()
    def an_unfinished_job_is_always_due_some_time(self) -> None:
        for job_id, kept in self.model.kept.items():
            assert kept.job.state.is_end or self.due_at(job_id)

    @invariant()
    def a_job_at_work_is_due_when_its_runner_may_be_dead(self) -> None:
        for job_id, kept in self.model.kept.items():
            due_at = self.due_at(job_id)
            if kept.is_held(self.model.now) and not kept.job.state.is_end:
                assert due_at
                assert due_at <= self.model.now + LEASE

    @invariant()
    def the_history_has_no_gap(self) -> None:
        for job_id, kept in self.model.kept.items():
            history = self.does(self.jobs.history(job_id))
            assert [event.version for event in history] == list(range(1, kept.job.version + 1))

    @invariant()
    def nothing_goes_back_unless_somebody_wants_it(self) -> None:
        for job_id, kept in self.model.kept.items():
            now, before = self.does(self.jobs.load(job_id)), kept.looked_at
            assert now
            if before and not kept.reopened:
                assert now.state is before.state or not before.state.is_end
                for step, record in before.steps.items():
                    assert how_far(now.step(step)) >= how_far(record)
            kept.looked_at, kept.reopened = now, False

    # What the rules have in common.

    def due_at(self, job_id: str) -> datetime | None:
        return self.does(self.store.due_at(job_id))

    def some_hand(self, choice: st.DataObject) -> Held:
        return self.model.hands[choice.draw(st.sampled_from(sorted(self.model.hands)))]

    def goes_through(self, held: Held, write: Callable[[], Awaitable[object]]) -> bool:
        """Whether a write was accepted, which it is from the newest holder and from nobody else."""
        if self.model.is_stale(held):
            self.is_refused(write)
            return False
        self.does(awaited(write))
        return True

    def is_refused(self, write: Callable[[], Awaitable[object]]) -> None:
        with pytest.raises(LeaseLost):
            self.does(awaited(write))

    def is_let_go(self, held: Held, let_go: Callable[[], Awaitable[bool]]) -> bool:
        """Whether the job was put aside: never over a signal that its runner has not seen; then it reads anew."""
        if self.model.is_stale(held):
            self.is_refused(let_go)
            return False
        kept = self.model.kept[held.seen.id]
        has_seen_all = kept.job.signals == held.seen.signals
        assert self.does(awaited(let_go)) is has_seen_all
        if has_seen_all:
            kept.change(in_history=False, seen_signals=held.seen.signals)
            self.let_go(held)
        else:
            held.seen = self.does(held.lease.load())
        return has_seen_all

    def let_go(self, held: Held) -> None:
        self.model.kept[held.seen.id].held_until = None
        self.model.hands = {at: each for at, each in self.model.hands.items() if each is not held}

    def written(self, held: Held, *, in_history: bool = True, **changes: Any) -> None:
        self.model.kept[held.seen.id].change(in_history=in_history, **changes)
        version = held.seen.version + in_history
        held.seen = held.seen.model_copy(update={"version": version, **changes})


async def awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def settled_by(needed: int) -> Callable[[Job], bool]:
    return lambda job: len(job.decisions) + 1 >= needed


def can_be_decided(job: Job) -> bool:
    return not (job.decision or job.state.is_end or job.cancelled_by)


def following(before: StepRecord, state: StepState) -> StepRecord:
    begins = state is StepState.RUNNING
    fact: JsonValue = {"made": before.attempts} if state is StepState.DONE else None
    return StepRecord(state=state, attempts=before.attempts + begins, started_at=NOON, fact=fact)


def how_far(record: StepRecord) -> tuple[int, int]:
    is_over = record.state not in PROGRESS
    return record.attempts, len(PROGRESS) if is_over else PROGRESS.index(record.state)


def every_write(lease: Lease, now: datetime) -> list[Callable[[], Awaitable[object]]]:
    done = StepRecord(state=StepState.DONE)
    return [
        lease.renew,
        lease.release,
        lambda: lease.write_step(STEPS[0], done, what="done", at=now),
        lambda: lease.write_state(JobState.DONE, at=now, finished_at=now),
        lambda: lease.write_message("card", None),
        lambda: lease.write_shown(7),
        lambda: lease.write_audited(7),
        lambda: lease.park(seen_signals=0, look_at=now + timedelta(days=3)),
        lambda: lease.settle(seen_signals=0),
    ]
