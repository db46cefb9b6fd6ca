"""Run a pipeline: start each job as soon as its turn has come, until none is left that may start."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.sandbox.runner import job as jobs
from bot.sandbox.runner.host import JobState, PipelineHost
from bot.sandbox.runner.plan import JobPlan, PipelinePlan
from bot.sandbox.runner.readiness import Move, Standing, next_move, outcome
from bot.sandbox.runner.toolchain import Toolchain

__all__ = ["Slots", "outcome", "run"]

JOBS_AT_ONCE: Final = 2
_NONE: Final[Mapping[str, JobState]] = MappingProxyType({})


class Slots:
    """How many jobs run at the same time, and which of them must not: share one among all pipelines of a runner."""

    def __init__(self, jobs_at_once: int = JOBS_AT_ONCE) -> None:
        self.jobs = asyncio.Semaphore(jobs_at_once)
        self.resource_groups: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)


async def run(  # noqa: PLR0913 - what there is to run, where, and what was done of it before
    plan: PipelinePlan,
    host: PipelineHost,
    *,
    toolchain: Toolchain,
    slots: Slots | None = None,
    skip: Mapping[str, JobState] = _NONE,
    play: frozenset[str] = frozenset(),
    news: asyncio.Event | None = None,
) -> None:
    """Run what is left of a pipeline; the host hears of every change.

    It returns when no job can start any more: all are over, or the rest waits for a manual job. Cancelling the
    task ends the running jobs' processes and reports nothing: run again with what was finished in `skip`.

    Args:
        plan: from `config.parse`.
        host: where sources, variables and logs belong.
        toolchain: what the jobs find on PATH.
        slots: shared by the pipelines of one runner; without it this pipeline has its own.
        skip: the jobs that were over before, with their states.
        play: manual jobs that somebody started.
        news: set it when somebody retried or played a job of this pipeline, so that it need not wait for the rest.
    """
    running = _Run(plan, host, toolchain, slots or Slots(), news or asyncio.Event())
    await running.to_the_end(skip, play)


class _Run:
    def __init__(
        self,
        plan: PipelinePlan,
        host: PipelineHost,
        toolchain: Toolchain,
        slots: Slots,
        news: asyncio.Event,
    ) -> None:
        self._plan = plan
        self._host = host
        self._toolchain = toolchain
        self._slots = slots
        self._news = news
        self._played: set[str] = set()
        self._standings: dict[str, Standing] = {}
        self._running: dict[str, asyncio.Task[Standing]] = {}

    async def to_the_end(self, skip: Mapping[str, JobState], play: frozenset[str]) -> None:
        self._played = set(play)
        for job in self._plan.jobs:
            state = skip.get(job.name, JobState.CREATED)
            if state is JobState.MANUAL and job.name in play:
                state = JobState.CREATED
            forgiven = state is JobState.FAILED and bool(job.allow_failure)
            self._standings[job.name] = Standing(state, forgiven)
        try:
            while await self._advance():
                await self._something_happens()
                await self._reopen()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _advance(self) -> bool:
        """Move every job whose turn has come; whether any job is running then."""
        has_moved = True
        while has_moved:
            has_moved = False
            for job in self._plan.in_order():
                if self._standings[job.name].state is JobState.CREATED:
                    is_played = job.name in self._played
                    has_moved |= await self._moved(job, is_played=is_played)
        return bool(self._running)

    async def _moved(self, job: JobPlan, *, is_played: bool) -> bool:
        if await self._host.cancelled(job.name):
            return await self._settle(job, JobState.CANCELED)
        match next_move(job, self._plan, self._standings, is_played=is_played):
            case Move.WAIT:
                return False
            case Move.SKIP:
                return await self._settle(job, JobState.SKIPPED)
            case Move.REST:
                return await self._settle(job, JobState.MANUAL)
            case Move.START:
                self._standings[job.name] = Standing(JobState.RUNNING)
                self._running[job.name] = asyncio.create_task(self._job(job))
                return True

    async def _settle(self, job: JobPlan, state: JobState) -> bool:
        self._standings[job.name] = Standing(state)
        await self._host.job_finished(job.name, state, None)
        return True

    async def _something_happens(self) -> None:
        """Wait until a job is over or somebody did something to one that was."""
        hearing = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait(
                {hearing, *self._running.values()}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            hearing.cancel()
        self._news.clear()
        for name in [name for name, task in self._running.items() if task.done()]:
            self._standings[name] = self._running.pop(name).result()

    async def _reopen(self) -> None:
        """Take back the standing of jobs that are to run again, or only now."""
        for name in await self._host.reopened():
            state = self._standings[name].state
            if name not in self._running and state is not JobState.CREATED:
                self._standings[name] = Standing()
                if state is not JobState.SKIPPED:
                    self._played.add(name)

    async def _job(self, job: JobPlan) -> Standing:
        """Run a job, and again where its retry allows it."""
        attempt = 0
        while True:
            ended = await self._attempt(job)
            if not self._starts_again(job, ended, attempt):
                forgiven = ended.state is JobState.FAILED and job.allow_failure.covers(
                    ended.exit_code
                )
                return Standing(ended.state, forgiven)
            attempt += 1

    @staticmethod
    def _starts_again(job: JobPlan, ended: jobs.Ended, attempt: int) -> bool:
        if ended.state is not JobState.FAILED or attempt >= job.retry.max:
            return False
        by_reason = bool({"always", ended.failure_reason} & set(job.retry.when))
        return by_reason if not job.retry.exit_codes else ended.exit_code in job.retry.exit_codes

    async def _attempt(self, job: JobPlan) -> jobs.Ended:
        if job.resource_group is None:
            return await self._in_a_slot(job)
        project = (await self._host.variables(job.name)).get("CI_PROJECT_PATH", "")
        group = self._slots.resource_groups[project, job.resource_group]
        if group.locked():
            await self._host.job_waiting(job.name, JobState.WAITING_FOR_RESOURCE)
        async with group:
            return await self._in_a_slot(job)

    async def _in_a_slot(self, job: JobPlan) -> jobs.Ended:
        if not await self._host.cancelled(job.name):
            await self._host.job_waiting(job.name, JobState.PENDING)
        async with self._slots.jobs:
            if await self._host.cancelled(job.name):
                ended = jobs.Ended(JobState.CANCELED)
            else:
                await self._host.job_started(job.name)
                ended = await jobs.execute(job, self._plan, self._host, self._toolchain)
            await self._host.job_finished(job.name, ended.state, ended.failure_reason)
            return ended
