"""One stretch of work on one job, under one lease: run what can run, then put the job aside or end it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.job import Job, JobState
from bot.pipeline.attempt import Attempt
from bot.pipeline.fixing import is_taken_back, records_after
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.progress import Random, ending, next_look, ready_steps, standing
from bot.pipeline.recording import record
from bot.pipeline.telling import Telling
from bot.pipeline.undoing import course_of, keeps_names
from bot.ports.bundle import Ports
from bot.ports.job_store import Lease
from bot.ports.telemetry import Telemetry


@dataclass(kw_only=True, slots=True)
class Stretch:
    """The steps at work, and up to which signal each waiting step has looked."""

    lease: Lease
    pipeline: Pipeline
    ports: Ports
    telling: Telling
    tasks: asyncio.TaskGroup
    random: Random
    telemetry: Telemetry
    stopping: asyncio.Event
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=dict)

    async def work(self) -> None:
        """Go on until nothing can run now.

        Raises:
            LeaseLost: another worker has taken the job over.
        """
        while True:
            job = await self.lease.load()
            if is_taken_back(self.pipeline, job):
                after = records_after(self.pipeline, job)
                await self.lease.write_fixed(after, at=self.ports.clock())
                continue
            if not job.state.is_end:
                self._begin_ready(job)
            if self.running:
                await self._wait_for_one()
            elif self.stopping.is_set() and not job.state.is_end:
                return await self._hand_over(job)
            elif await self._let_go(job):
                return None

    def _begin_ready(self, job: Job) -> None:
        if job.is_stopping or self.stopping.is_set():
            return
        course = course_of(self.pipeline, job)
        woken = {
            step.name
            for step in course.steps
            if job.signals > self.looked.get(step.name, job.seen_signals)
        }
        now = self.ports.clock()
        for step in ready_steps(course, job, now=now, woken=woken, running=self.running):
            attempt = Attempt(
                self.lease, self.pipeline, step, self.ports, self.random, self.telemetry
            )
            self.looked[step.name] = job.signals
            self.running[step.name] = self.tasks.create_task(attempt.run(job))
        self.telling.changed()

    async def _wait_for_one(self) -> None:
        await asyncio.wait(self.running.values(), return_when=asyncio.FIRST_COMPLETED)
        self.running = {name: task for name, task in self.running.items() if not task.done()}
        self.telling.changed()

    async def _let_go(self, job: Job) -> bool:
        """Say how the job stands, and put it aside or settle it; False when there is more to do first."""
        now = self.ports.clock()
        job = await self._with_overdue_review(job, now)
        state = self._state_now(job)
        if state is not job.state:
            finished_at = now if state.is_end else None
            await self.lease.write_state(
                state, at=now, ending=ending(job) if state.is_end else "", finished_at=finished_at
            )
            if state.is_end:
                self.telemetry.ended(job.model_copy(update={"state": state, "finished_at": now}))
        if state.is_end and not keeps_names(self.pipeline, job, state):
            await self.ports.jobs.free(job.id)
        async with self.telling.last_word() as untold_for:
            await record(self.lease, self.ports)
            if state.is_end and untold_for is None:
                return await self._settle(job)
            looks = [] if state.is_end else [self._next_look(job, now)]
            looks += [now + untold_for] if untold_for else []
            return await self._put_aside(job, min(looks))

    def _state_now(self, job: Job) -> JobState:
        if job.state.is_end:
            return job.state
        state = standing(self.pipeline, job)
        return JobState.CANCELLED if job.is_stopping and not state.is_end else state

    async def _with_overdue_review(self, job: Job, now: datetime) -> Job:
        """The job, with the note that nobody reviewed its broken glass in time, if it is so."""
        if not job.review_due_at or now < job.review_due_at:
            return job
        await self.lease.write_review_overdue(now)
        return job.model_copy(update={"review_overdue_at": now})

    def _next_look(self, job: Job, now: datetime) -> datetime:
        course = course_of(self.pipeline, job)
        looks = (next_look(course, job, now=now), job.review_due_at)
        return min(look for look in looks if look)

    async def _put_aside(self, job: Job, look_at: datetime) -> bool:
        if not await self.lease.park(seen_signals=job.signals, look_at=look_at):
            return False
        await self.ports.scheduler.nudge(job.id, at=look_at)
        return True

    async def _settle(self, job: Job) -> bool:
        """Nobody looks again, unless a review may be overdue some day."""
        if job.review_due_at:
            return await self._put_aside(job, job.review_due_at)
        return await self.lease.settle(seen_signals=job.signals)

    async def _hand_over(self, job: Job) -> None:
        await self.lease.release()
        await self.ports.scheduler.nudge(job.id)
