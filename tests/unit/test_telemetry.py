"""What a runner tells whoever watches over it."""

from collections.abc import Callable
from datetime import timedelta

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import StepRecord, StepState
from bot.domain.request import AppRequest
from bot.domain.value import Value
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.step import step
from tests.builders import NOON, a_job
from tests.world import World

TROUBLES: list[Exception] = []
BEFORE_IT: list[Callable[[], None]] = []


class Made(Value):
    name: str


@step("Make it")
async def make(request: AppRequest) -> Made:
    while BEFORE_IT:
        BEFORE_IT.pop()()
    if TROUBLES:
        raise TROUBLES.pop(0)
    return Made(name=request.name)


PIPELINES = {
    "new-app": Pipeline(kind="new-app", request=AppRequest, steps=(make,), approval_step="make")
}


async def told_after(*troubles: Exception) -> list[str]:
    TROUBLES[:] = troubles
    world = World(PIPELINES)
    await world.jobs.create(a_job())
    await world.runner.advance("job00001")
    return world.telemetry.told


async def test_a_job_that_is_done_is_told_step_by_step() -> None:
    assert await told_after() == ["make: pending -> done", "job00001: done"]


async def test_a_temporary_error_is_told_and_no_end() -> None:
    assert await told_after(TemporaryError("Busy.")) == ["make: pending -> retrying"]


async def test_a_failure_is_told_with_the_end() -> None:
    told = await told_after(PermanentError("No.", "Mend it."))

    assert told == ["make: pending -> failed", "job00001: failed"]


async def test_a_step_that_somebody_else_began_is_told_as_it_was_found() -> None:
    TROUBLES.clear()
    world = World(PIPELINES)
    await world.jobs.create(a_job())
    begun = StepRecord(state=StepState.RUNNING, attempts=1, started_at=NOON)
    world.jobs.put("job00001", {"steps": {"make": begun}})

    await world.runner.advance("job00001")

    assert world.telemetry.told[0] == "make: running -> done"


async def test_a_worker_that_is_refused_tells_so() -> None:
    TROUBLES.clear()
    world = World(PIPELINES)
    await world.jobs.create(a_job())
    BEFORE_IT[:] = [lambda: world.jobs.fences.update(job00001=2)]

    await world.runner.advance("job00001")

    assert world.telemetry.told == ["taken over"]


async def test_a_job_that_nobody_looked_at_is_told() -> None:
    world = World(PIPELINES)
    await world.jobs.create(a_job())
    world.clock.advance(timedelta(minutes=1))

    await world.runner.sweep()

    assert world.telemetry.told == ["swept"]
