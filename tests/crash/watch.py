"""How long jobs that could go on were held by no living worker."""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.adapters import redis_record as record
from bot.domain.errors import TemporaryError
from bot.domain.job import Job, StepState
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.progress import ready_steps, standing
from bot.pipeline.undoing import course_of
from bot.ports.job_store import JobStore
from tests.ends import is_over

PAUSE = 0.2


@dataclass(slots=True)
class Silence:
    """A time in which something could have been done for a job, and nobody held it."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


@dataclass(slots=True)
class Watch:
    """Looks at jobs from outside, several times a second; `at_work` are the processes that are alive and not frozen."""

    jobs: JobStore
    redis: Redis
    at_work: Callable[[], Collection[int]]
    watched: list[str] = field(default_factory=list)
    silences: dict[str, list[Silence]] = field(default_factory=dict)
    seen: dict[str, Job] = field(default_factory=dict)
    _silent: dict[str, Silence] = field(default_factory=dict)
    _fences: dict[str, str | bytes | None] = field(default_factory=dict)

    async def keep_looking(self) -> None:
        while True:
            with contextlib.suppress(TemporaryError, RedisError):  # what is silent stays so
                await self.look()
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        over = {job.id for job in self.seen.values() if is_over(job)}
        for job_id in [each for each in self.watched if each not in over]:
            job = await self.jobs.load(job_id)
            holder = await self.redis.get(record.lease_key(job_id))
            fence = await self.redis.hget(record.job_key(job_id), "fence")
            if job:
                is_held = bool(holder) and int(str(holder).rpartition("#")[2]) in self.at_work()
                was_held = (
                    self._fences.get(job_id, fence) != fence
                )  # by somebody who did not live until this look
                self._note(job, is_held=is_held, was_held=was_held)
                self._fences[job_id] = fence
                self.seen[job_id] = job

    def _note(self, job: Job, *, is_held: bool, was_held: bool) -> None:
        now = datetime.now(UTC)
        if was_held:
            self._silent.pop(job.id, None)
        if is_held or not is_runnable(job, now=now):
            self._silent.pop(job.id, None)
        elif silence := self._silent.get(job.id):
            silence.until = now
        else:
            silence = self._silent[job.id] = Silence(now, now)
            self.silences.setdefault(job.id, []).append(silence)

    def longest(self, job_id: str) -> float:
        """Seconds."""
        return max((silence.seconds for silence in self.silences.get(job_id, ())), default=0.0)

    def resumed_after(self, job_id: str, blow: datetime) -> float:
        """Seconds from a blow, or from when there was something to do after it, until somebody was at work again."""
        after = (s for s in self.silences.get(job_id, ()) if s.until > blow)
        silence = next(after, Silence(blow, blow))
        return (silence.until - max(silence.since, blow)).total_seconds()


def is_runnable(job: Job, *, now: datetime) -> bool:
    """Whether a worker would find something to do."""
    if job.state.is_end:
        return not is_over(job)
    pipeline, woken = PIPELINES[job.request.kind], set[str]()
    if job.signals > job.seen_signals:
        woken = {name for name, each in job.steps.items() if each.state is StepState.WAITING}
    ready = ready_steps(course_of(pipeline, job), job, now=now, woken=woken, running=())
    return bool(ready) or standing(pipeline, job) is not job.state


def stands_still(job: Job, steps: Collection[str]) -> bool:
    """Whether nothing will ever happen, where these steps get no further: a worker looks at what waits when one does."""
    held = {name: job.step(name).evolve(state=StepState.RUNNING) for name in steps}
    seen = job.model_copy(update={"steps": {**job.steps, **held}})
    course, ages_ago = (
        course_of(PIPELINES[job.request.kind], seen),
        datetime.min.replace(tzinfo=UTC),
    )
    return bool(steps) and not ready_steps(course, seen, now=ages_ago, woken=(), running=steps)
