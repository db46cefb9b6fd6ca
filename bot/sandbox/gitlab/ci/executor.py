"""Run pipelines in the background, and again after a restart those that had not ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bot.sandbox.gitlab import merge_requests
from bot.sandbox.gitlab.ci import pipelines, plans, status
from bot.sandbox.gitlab.ci.host import Host
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.runner import pipeline as runner
from bot.sandbox.runner.host import FINAL, JobState
from bot.sandbox.runner.toolchain import Toolchain

_AT_REST = FINAL | {JobState.MANUAL}


class Executor:
    """One task per pipeline that runs. What to run is read from the store, so a restart loses nothing."""

    def __init__(self, forge: Forge, toolchain: Toolchain) -> None:
        self._forge = forge
        self._toolchain = toolchain
        self._slots = runner.Slots()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._news: dict[int, asyncio.Event] = {}
        self._wanted_again: set[int] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what is unfinished, and what becomes ready, for as long as the context lasts."""
        self._forge.on_jobs_ready = self.start
        self._forge.stop_pipelines = self.stop
        await self._resume()
        try:
            yield
        finally:
            self._forge.on_jobs_ready = lambda _: None
            await self.stop(set(self._running))

    async def _resume(self) -> None:
        for pipeline in self._forge.store.pipelines.where(lambda p: p.status in status.ACTIVE):
            for job in pipelines.jobs_of(self._forge, pipeline.id):
                if job.status in status.ACTIVE:
                    self._forge.store.jobs.change(job.id, status="created", started_at=None)
            await pipelines.refresh(self._forge, pipeline.id)
            self.start(pipeline.id)

    def start(self, pipeline_id: int) -> None:
        """Run a pipeline's jobs that have not ended; one that runs looks at its jobs again, now and at its end."""
        if pipeline_id in self._running:
            self._wanted_again.add(pipeline_id)
            self._news[pipeline_id].set()
            return
        if self._forge.store.pipelines[pipeline_id].status not in status.FINISHED:
            self._news[pipeline_id] = asyncio.Event()
            self._running[pipeline_id] = asyncio.create_task(self._run(pipeline_id))

    async def stop(self, pipeline_ids: set[int]) -> None:
        """End runs where they are; what they reported so far stays."""
        tasks = [task for number, task in self._running.items() if number in pipeline_ids]
        self._wanted_again -= pipeline_ids
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, pipeline_id: int) -> None:
        try:
            await self._run_once(pipeline_id)
        finally:
            self._running.pop(pipeline_id, None)
            self._news.pop(pipeline_id, None)
            if pipeline_id in self._wanted_again:
                self._wanted_again.discard(pipeline_id)
                self.start(pipeline_id)

    async def _run_once(self, pipeline_id: int) -> None:
        pipeline = self._forge.store.pipelines[pipeline_id]
        jobs = pipelines.jobs_of(self._forge, pipeline_id)
        plan = await plans.plan_of(self._forge, pipeline)
        host = Host(self._forge, pipeline, plan)
        done = {job.name: JobState(job.status) for job in jobs if job.status in _AT_REST}
        try:
            await runner.run(
                plan,
                host,
                toolchain=self._toolchain,
                slots=self._slots,
                skip=done,
                play=frozenset(job.name for job in jobs if job.played),
                news=self._news[pipeline_id],
            )
        finally:
            host.take_back_tokens()
        ended = await pipelines.refresh(self._forge, pipeline_id)
        await merge_requests.merge_waiting(self._forge, ended)
