"""A worker that stands still at points of its jobs' steps, until it is killed there.

The product has no hooks for this: its runner is given pipelines, telemetry and a lease that know the stops.
"""

import asyncio
import contextlib
import dataclasses
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from bot import app
from bot.adapters import redis_jobs
from bot.adapters.outside_calls import start_span
from bot.adapters.redis_lease import RedisLease
from bot.domain.errors import NotYet
from bot.domain.job import Job, MessageRef, StepRecord, StepState
from bot.domain.value import Value
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.runner import Runner
from bot.pipeline.step import Step
from bot.ports.telemetry import CameTo, Telemetry
from tests.crash.points import Point, Stood, Stop

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
QUESTIONS = ("POST /entities/by-refs", "POST /locations?dryRun=true")
"""Calls to a catalog that change nothing, though they are posted."""


class AnswerLost(BaseException):
    """The other side has answered, and nobody will ever read it."""


@dataclasses.dataclass(slots=True)
class Calls:
    """What an attempt has asked others, and which answer it does not live to read."""

    stop: Stop | None
    any_answer: bool = False
    count: int = 0
    lost: str = ""


attempt: ContextVar[Calls] = ContextVar("attempt")


class Brake:
    """Knows the stops, tells who reads the other end of the pipe, and stands still."""

    def __init__(self, stops: Collection[Stop], told: Connection) -> None:
        self._stops = {(stop.job, stop.name, stop.point): stop for stop in stops}
        self._told = told

    def at(self, job: str, name: str, point: Point) -> Stop | None:
        """The stop that is wanted there."""
        return self._stops.get((job, name, point))

    async def reach(self, job: str, name: str, point: Point) -> None:
        """Get no further if there is a stop; the lease is kept alive, as in any step that takes long."""
        if stop := self.at(job, name, point):
            await self.stand_still(Stood(stop))

    async def stand_still(self, stood: Stood) -> None:
        self._told.send(stood)
        await asyncio.Event().wait()

    def freeze(self, *stood: Stood) -> None:
        """Stop the whole process: nobody holds the parked job, and so nobody would stand still with it."""
        for each in stood:
            self._told.send(each)
        os.kill(os.getpid(), signal.SIGSTOP)

    def pass_by(self, stop: Stop) -> None:
        """There is nothing to stop at."""
        self._told.send(Stood(stop, asked_nobody=True))


class StoppingLease(RedisLease):
    """Stands still around the writes that begin and end a step, and before a posted message is remembered."""

    brake: ClassVar[Brake]

    @override
    async def write_step(self, step: str, value: StepRecord, *, what: str, at: datetime) -> None:
        begins, ends = what == "began", value.state is StepState.DONE
        if begins or ends:
            await self.brake.reach(self._job_id, step, Point.BEFORE if begins else Point.MADE)
        await super().write_step(step, value, what=what, at=at)
        if begins or ends:
            await self.brake.reach(
                self._job_id, step, Point.INTENDED if begins else Point.COMMITTED
            )

    @override
    async def write_message(self, key: str, ref: MessageRef | None) -> None:
        if ref:
            await self.brake.reach(self._job_id, key, Point.MADE)
        await super().write_message(key, ref)


class StoppingRunner(Runner):
    """A runner whose steps lose an answer, and which freezes when it has put a job aside."""

    brake: ClassVar[Brake]

    def __init__(
        self, *, pipelines: Mapping[str, Pipeline], telemetry: Telemetry, **given: Any
    ) -> None:
        stopping = {kind: _stopping(each, self.brake) for kind, each in pipelines.items()}
        watching = StoppingTelemetry(telemetry, self.brake)
        super().__init__(pipelines=stopping, telemetry=watching, **given)

    @override
    async def advance(self, job_id: str) -> None:
        await super().advance(job_id)
        job = await self._ports.jobs.load(job_id)
        waiting = [
            stop
            for name, record in (job.steps.items() if job else ())
            if record.state is StepState.WAITING
            and (stop := self.brake.at(job_id, name, Point.PARKED))
        ]
        if waiting:
            self.brake.freeze(*map(Stood, waiting))


class StoppingTelemetry:
    """Sees each call that an attempt makes, at the moment at which its answer is there."""

    def __init__(self, telemetry: Telemetry, brake: Brake) -> None:
        self._telemetry = telemetry
        self._brake = brake
        self.ended = telemetry.ended
        self.taken_over = telemetry.taken_over
        self.swept = telemetry.swept

    @contextlib.contextmanager
    def attempt(self, job: Job, step: str) -> Iterator[CameTo]:
        stop = self._brake.at(job.id, step, Point.INSIDE)
        calls = Calls(stop)
        attempt.set(calls)
        if stop:
            start_span.set(lambda what: _losing(calls, stop, what))
        with self._telemetry.attempt(job, step) as came_to:
            yield came_to


@contextlib.contextmanager
def _losing(calls: Calls, stop: Stop, what: str) -> Iterator[None]:
    yield
    calls.count += 1
    if calls.any_answer or (_changes(what) and what not in stop.lost):
        calls.lost = what
        raise AnswerLost


def _changes(what: str) -> bool:
    call = what.partition(" ")[2]
    return call.startswith(CHANGING) and call not in QUESTIONS


def _stopping(pipeline: Pipeline, brake: Brake) -> Pipeline:
    makes = {undo.takes_back for undo in pipeline.undos}
    steps = tuple(
        dataclasses.replace(step, make=_made_by(step, brake, only_looks=step.name not in makes))
        for step in pipeline.steps
    )
    return dataclasses.replace(pipeline, steps=steps)


def _made_by(step: Step[Any], brake: Brake, *, only_looks: bool) -> Callable[..., Awaitable[Value]]:
    async def make(**given: Any) -> Value:
        calls = attempt.get()
        calls.any_answer = only_looks
        if calls.stop is None:
            return await step.make(**given)  # type: ignore[no-any-return] # a step of any fact
        try:
            return await _made_losing_an_answer(step, given, calls, calls.stop, brake)
        except AnswerLost:
            change = calls.lost if _changes(calls.lost) else ""
            await brake.stand_still(Stood(calls.stop, change=change))
            raise

    return make


async def _made_losing_an_answer(
    step: Step[Any], given: Mapping[str, Any], calls: Calls, stop: Stop, brake: Brake
) -> Value:
    """Lose the next answer to a change; a step that had nothing to change runs once more and loses the first of all."""
    if not (stop.lost or calls.any_answer):
        with contextlib.suppress(NotYet):
            await step.make(**given)
        calls.any_answer = True
    fact: Value = await step.make(**given)
    if not calls.count:
        brake.pass_by(stop)
    return fact


@contextlib.contextmanager
def at(stops: Collection[Stop], told: Connection) -> Iterator[None]:
    """Give the bot that runs in this process a runner and leases that know the stops."""
    StoppingLease.brake = StoppingRunner.brake = Brake(stops, told)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_jobs, "RedisLease", StoppingLease)
        patch.setattr(app, "Runner", StoppingRunner)
        yield
