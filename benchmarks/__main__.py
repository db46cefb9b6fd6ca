"""`make bench`: how much the engine adds to the work of a job's steps, and how many jobs it carries at once.

`make bench` then measures the box, too; `python -m benchmarks engine` and `... box` do one of both.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import box
from benchmarks.workload import NINE_STEPS, STEPS, jobs_of, ports_on
from bot.adapters.docket_scheduler import Chores, DocketScheduler, open_docket, work
from bot.adapters.embedded_valkey import embedded_valkey
from bot.adapters.memory.announcer import MemoryAnnouncer
from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.memory.scheduler import MemoryScheduler
from bot.adapters.metrics import Metrics
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from bot.domain.job import JobState
from bot.pipeline.runner import Runner
from bot.ports.bundle import Ports

ALONE = 10
TOGETHER = 50


def now() -> datetime:
    return datetime.now(UTC)


async def engine() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_valkey(Path(folder)) as url:
            bare = await timed(bare_steps)
            memory = await timed(on_memory)
            redis = await timed(lambda: on_redis(url))
            docket = await on_docket(url)
    table = Table("What", "Per job", "Ratio", title=f"A job of {len(STEPS)} empty steps")
    table.add_row("the steps alone", f"{bare * 1000:.2f} ms", "1")
    table.add_row(
        "with the runner, store in memory", f"{memory * 1000:.1f} ms", f"{memory / bare:.0f}"
    )
    table.add_row(
        "with the runner, store in Valkey", f"{redis * 1000:.1f} ms", f"{redis / bare:.0f}"
    )
    table.add_row(
        f"{TOGETHER} jobs at once, told by docket",
        f"{docket * 1000:.1f} ms",
        f"{docket / bare:.0f}",
    )
    Console().print(table)
    Console().print(
        f"Valkey costs {redis / memory:.1f} times the memory store; "
        f"the engine carries {1 / docket:.0f} such jobs a second in one process."
    )


async def main(*wanted: str) -> None:
    for name, measure in {"engine": engine, "box": box.main}.items():
        if name in wanted or not wanted:
            await measure()


async def timed(run: Callable[[], Awaitable[None]]) -> float:
    """Seconds for one of ALONE jobs, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        await run()
        best = min(best, (time.perf_counter() - started) / ALONE)
    return best


async def bare_steps() -> None:
    for _ in range(ALONE):
        for step in STEPS:
            await step.make(**dict.fromkeys(step.needs))


async def on_memory() -> None:
    store = MemoryJobs(now)
    await run_each(ports_on(store, MemoryScheduler()))


async def on_redis(url: str) -> None:
    async with open_redis(url) as redis:
        await redis.flushall()
        await run_each(ports_on(RedisJobs(redis, owner="bench"), MemoryScheduler()))


async def run_each(ports: Ports) -> None:
    runner = runner_on(ports)
    for job in jobs_of(ALONE):
        await ports.jobs.create(job)
        await runner.advance(job.id)


async def on_docket(url: str) -> float:
    """Seconds for one of TOGETHER jobs that are asked for at once."""
    async with open_redis(url) as redis, open_docket(url) as docket:
        await redis.flushall()
        ports = ports_on(RedisJobs(redis, owner="bench"), DocketScheduler(docket))
        runner = runner_on(ports)
        working = asyncio.create_task(
            work(
                docket,
                look=runner.advance,
                chores=Chores(
                    sweep=runner.sweep,
                    look_around=runner.look_for_overlooked,
                    tidy=runner.sweep,
                ),
                concurrency=20,
                name="bench",
            )
        )
        started = time.perf_counter()
        for job in jobs_of(TOGETHER):
            await ports.jobs.create(job)
            await ports.scheduler.nudge(job.id)
        while not await all_done(ports):  # noqa: ASYNC110 the jobs are done by other tasks
            await asyncio.sleep(0.1)
        took = time.perf_counter() - started
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return took / TOGETHER


async def all_done(ports: Ports) -> bool:
    jobs = await ports.jobs.recent(TOGETHER)
    return all(job.state is JobState.DONE for job in jobs)


def runner_on(ports: Ports) -> Runner:
    return Runner(
        ports=ports,
        pipelines={NINE_STEPS.kind: NINE_STEPS},
        announcer=MemoryAnnouncer(),
        random=lambda low, _: low,
        telemetry=Metrics(),
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
