"""Every step of every pipeline, and a worker killed at every point of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.job import JobState
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.pipelines import PIPELINES
from tests.colleague import eventually
from tests.crash.case import Aftermath, Case
from tests.crash.points import Point, Stood, Stop, levels
from tests.crash.watch import stands_still
from tests.crash.worker import Worker
from tests.ends import is_over

ROUNDS = 4
"""How often a job's workers are killed at most, so that it is over in time: more jobs share the steps of a long pipeline."""

BARRIER_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Victim:
    """A job whose workers are killed at one point of some of its steps."""

    kind: str
    point: Point
    number: int
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name for what is asked for."""
        return f"{self.point.name.lower()}-{self.number}-{self.kind.removeprefix('new-')}"


def victims(pipeline: Pipeline, point: Point) -> list[Victim]:
    """Jobs enough for all steps; those that may run side by side meet their end together.

    A parked job needs no lease to run out, so one is enough; an effect may take several changes, each with a kill after.
    """
    found = levels(pipeline)
    match point:
        case Point.PARKED:
            count = 1
        case Point.INSIDE:
            count = math.ceil(len(found) / 2)
        case _:
            count = math.ceil(len(found) / ROUNDS)
    return [
        Victim(pipeline.kind, point, n, tuple(step for level in found[n::count] for step in level))
        for n in range(count)
    ]


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of a step at a point: seconds to resume after each kill, or why there was none."""

    times: tuple[float, ...] = ()
    why_not: str = ""


@dataclass(slots=True)
class Ordeal:
    """A victim's job: the stops that are still ahead of it, and the kills that are behind it."""

    victim: Victim
    job_id: str
    ahead: dict[str, Stop]
    kills: list[tuple[str, datetime]] = field(default_factory=list)
    asked_nobody: set[str] = field(default_factory=set)

    def struck(self, stood: Stood, at: datetime) -> None:
        """Be killed at a stop, which is behind it then; but an effect goes on, and each of its changes is a stop."""
        name = stood.stop.name
        self.kills.append((name, at))
        del self.ahead[name]
        if stood.change:
            self.ahead[name] = replace(stood.stop, lost=stood.stop.lost | {stood.change})


async def suffer(case: Case, chosen: Iterable[Victim]) -> Sequence[tuple[Ordeal, Aftermath]]:
    """Kill one worker after the other, each when all jobs stand still; the last one lives to see their end."""
    ordeals = [await _asked(case, victim) for victim in chosen]
    while stood := await _all_stand(case, ordeals):
        at = await case.kill(case.workers[-1])
        for ordeal, each in stood:
            ordeal.struck(each, at)
    return [(ordeal, await case.aftermath(await case.now(ordeal.job_id))) for ordeal in ordeals]


async def _asked(case: Case, victim: Victim) -> Ordeal:
    if victim.kind == "new-app":
        job = await case.ask_for_app(victim.name, visibility="public")
    else:
        job = await case.ask_for_system(victim.name)
    stops = {name: Stop(job.id, name, victim.point) for name in victim.steps}
    return Ordeal(victim, job.id, stops)


async def _all_stand(case: Case, ordeals: Sequence[Ordeal]) -> list[tuple[Ordeal, Stood]]:
    """Start a worker and wait until no job gets any further; empty when all have come to their end."""
    worker = case.worker(*(stop for ordeal in ordeals for stop in ordeal.ahead.values()))
    stood: dict[str, list[Stood]] = {ordeal.job_id: [] for ordeal in ordeals}

    async def look() -> bool:
        _listen(worker, ordeals, stood)
        return all([await _gets_no_further(case, each, stood[each.job_id]) for each in ordeals])

    await eventually(look, BARRIER_SECONDS)
    return [(ordeal, each) for ordeal in ordeals for each in stood[ordeal.job_id]]


def _listen(worker: Worker, ordeals: Sequence[Ordeal], stood: Mapping[str, list[Stood]]) -> None:
    by_id = {ordeal.job_id: ordeal for ordeal in ordeals}
    for each in worker.stood():
        ordeal = by_id[each.stop.job]
        if each.asked_nobody:
            ordeal.asked_nobody.add(each.stop.name)
        else:
            stood[each.stop.job].append(each)


async def _gets_no_further(case: Case, ordeal: Ordeal, stood: Sequence[Stood]) -> bool:
    if stood and ordeal.victim.point is Point.PARKED:
        return True  # with its whole worker
    job = await case.now(ordeal.job_id)
    approval = PIPELINES[ordeal.victim.kind].approval_step
    is_to_be_parked = ordeal.victim.point is Point.PARKED and approval in ordeal.ahead
    if job.state is JobState.WAITING_APPROVAL and not job.decision and not is_to_be_parked:
        await case.approve(job)
        return False
    return is_over(job) or stands_still(job, {each.stop.name for each in stood})


def cell(case: Case, ordeal: Ordeal, step: str) -> Cell:
    """Seconds to resume after each kill; a job that is never put aside while a step waits cannot be killed there."""
    times = [
        case.watch.resumed_after(ordeal.job_id, at) for name, at in ordeal.kills if name == step
    ]
    if times:
        return Cell(tuple(times))
    if ordeal.victim.point is Point.PARKED:
        return Cell(why_not="never parks")
    return Cell(why_not="asks nobody" if step in ordeal.asked_nobody else "")
