"""What is stored is taken in, whether or not a worker could be told; and nobody is told a guess for a fact."""

import asyncio
from typing import Any

import pytest

from bot.domain.approval import Verdict
from bot.domain.errors import MaybeDone, TemporaryError
from bot.domain.job import Job, StepState
from bot.usecases.ask import ask
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.reply import Reply
from tests.builders import ADA, CHIARA, NOON, a_job, an_app_request
from tests.unit.test_ask import a_submission
from tests.world import World

GONE = TemporaryError("Redis, which tells the workers, cannot be reached.")


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    return world


async def waiting_for_approval(world: World) -> Job:
    await world.jobs.create(a_job(request=an_app_request(requester=CHIARA)))
    return await world.advance(a_job())


async def approve(world: World, job: Job) -> Reply:
    return await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="", ports=world.ports)


async def test_a_request_whose_worker_could_not_be_told_is_taken_in_and_found_by_the_sweep(
    world: World,
) -> None:
    world.scheduler.fail_next(GONE)

    job = await ask(a_submission(), ports=world.ports)

    assert job.id in world.jobs.jobs
    assert job.id in await world.jobs.due(now=NOON.replace(second=10))


async def test_who_tells_the_workers_may_be_slow_without_keeping_anybody_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(world.scheduler, "nudge", never)

    async with asyncio.timeout(2):
        job = await ask(a_submission(), ports=world.ports)

    assert job.id in world.jobs.jobs


async def test_a_decision_and_a_stop_that_are_stored_are_accepted(world: World) -> None:
    job = await waiting_for_approval(world)

    world.scheduler.fail_next(GONE)
    approved = await approve(world, job)
    world.scheduler.fail_next(GONE)
    stopped = await cancel(job.id, person=ADA, ports=world.ports)

    assert approved == Reply(accepted=True, text="You approved “Hello World”.")
    assert stopped.accepted
    assert job.id in await world.jobs.due(now=world.now())


async def test_an_approval_is_accepted_though_nobody_can_say_how_the_job_stands_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await waiting_for_approval(world)
    load = world.jobs.load

    async def gone_afterwards(job_id: str) -> Job | None:
        if world.jobs.jobs[job_id].decision:
            raise GONE
        return await load(job_id)

    monkeypatch.setattr(world.jobs, "load", gone_afterwards)

    assert (await approve(world, job)).accepted
    assert (await world.advance(job)).step("await_approval").state is StepState.DONE


async def test_where_the_stores_answer_is_lost_it_may_be_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await waiting_for_approval(world)
    stored = world.jobs.decide

    async def lost(*given: Any, **named: Any) -> None:
        await stored(*given, **named)
        raise GONE

    monkeypatch.setattr(world.jobs, "decide", lost)

    with pytest.raises(MaybeDone):
        await approve(world, job)
    assert world.jobs.jobs[job.id].decision
