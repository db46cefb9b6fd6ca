"""What every gate promises: on the one in memory, and on Redis."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.memory.gate import MemoryGate
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_gate import LINE, RedisGate
from bot.adapters.redis_jobs import RedisJobs
from bot.domain.errors import RequestRejected
from bot.domain.limits import Bid, Limits, bid_for
from bot.ports.bundle import Ports
from bot.ports.gate import Gate
from bot.usecases.ask import ask
from bot.usecases.submission import Submission
from tests.builders import ADA, NOON, an_app_request
from tests.world import World

HOUR = timedelta(hours=1)
BIDS = tuple(bid_for(an_app_request(), job_id=f"job{number:05}") for number in range(40))


@pytest.fixture(params=["memory", "redis"])
async def gate(request: pytest.FixtureRequest) -> AsyncIterator[Gate]:
    if request.param == "memory":
        yield MemoryGate(clock=lambda: NOON)
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        yield RedisGate(redis)


async def test_who_comes_later_sees_who_stands_ahead_and_not_the_other_way_round(
    gate: Gate,
) -> None:
    async with (
        gate.in_line(BIDS[0]) as ahead_of_first,
        gate.in_line(BIDS[1]) as ahead_of_second,
    ):
        assert tuple(ahead_of_first) == ()
        assert tuple(ahead_of_second) == (BIDS[0],)


async def test_who_is_through_or_gave_up_stands_in_line_no_more(gate: Gate) -> None:
    async with gate.in_line(BIDS[0]):
        pass
    with pytest.raises(RequestRejected):
        async with gate.in_line(BIDS[1]):
            raise RequestRejected({"": "No room."})

    async with gate.in_line(BIDS[2]) as ahead:
        assert tuple(ahead) == ()


async def test_two_presses_of_one_form_stand_in_line_twice(gate: Gate) -> None:
    async with gate.in_line(BIDS[0]):
        async with gate.in_line(BIDS[0]):
            pass
        async with gate.in_line(BIDS[1]) as ahead:
            assert tuple(ahead) == (BIDS[0],)


async def test_who_died_in_line_is_gone_from_it_a_minute_later(gate: Gate, redis_url: str) -> None:
    for bid, seconds in zip(BIDS, (70, 61, 50), strict=False):
        await _die_in_line(gate, bid, timedelta(seconds=seconds), redis_url)

    async with gate.in_line(BIDS[3]) as ahead:
        assert tuple(ahead) == (BIDS[2],)


async def _die_in_line(gate: Gate, bid: Bid, ago: timedelta, redis_url: str) -> None:
    """Leave a place that was taken then; of Redis, by its own time, whatever the time is here."""
    if isinstance(gate, MemoryGate):
        gate.line.append((bid, gate.clock() - ago))
        return
    async with open_redis(redis_url) as redis:
        seconds, _ = await redis.time()
        place = f"{(seconds - int(ago.total_seconds())) * 1000}-0"
        await redis.xadd(LINE, {"bid": bid.model_dump_json()}, id=place)


async def test_of_many_at_once_as_many_are_let_in_as_there_is_room_for(gate: Gate) -> None:
    stored: set[str] = set()

    async def try_to_come_in(number: int) -> None:
        async with gate.in_line(BIDS[number]) as ahead:
            there = {*stored, *(each.job for each in ahead)}
            await asyncio.sleep(0)
            if len(there) < 3:
                stored.add(BIDS[number].job)

    await asyncio.gather(*map(try_to_come_in, range(40)))

    assert len(stored) == 3


async def test_each_kind_is_counted_by_itself(gate: Gate) -> None:
    numbers = [await gate.times("asked:ada", within=HOUR) for _ in range(3)]

    assert numbers == [1, 2, 3]
    assert await gate.times("asked:bruno", within=HOUR) == 1


async def test_many_who_count_at_once_get_each_number_once(gate: Gate) -> None:
    numbers = await asyncio.gather(*(gate.times("asked:ada", within=HOUR) for _ in range(40)))

    assert sorted(numbers) == list(range(1, 41))


async def test_a_count_ends_a_while_after_its_first() -> None:
    now = NOON
    gate = MemoryGate(clock=lambda: now)
    await gate.times("asked:ada", within=HOUR)
    now += timedelta(minutes=59)
    assert await gate.times("asked:ada", within=HOUR) == 2
    now += timedelta(minutes=1)
    assert await gate.times("asked:ada", within=HOUR) == 1


async def test_a_count_in_redis_ends_by_itself_and_nothing_is_left_of_the_line(
    redis_url: str,
) -> None:
    async with open_redis(redis_url) as redis:
        gate = RedisGate(redis)
        await gate.times("asked:ada", within=timedelta(milliseconds=50))
        await gate.times("asked:ada", within=HOUR)
        async with gate.in_line(BIDS[0]), gate.in_line(BIDS[1]):
            pass
        await asyncio.sleep(0.06)

        assert await gate.times("asked:ada", within=HOUR) == 1
        assert await redis.xlen(LINE) == 0


@pytest.mark.parametrize("is_real", [False, True])
async def test_limits_hold_for_forms_that_are_sent_at_once(redis_url: str, is_real: bool) -> None:  # noqa: FBT001 parametrised
    async with open_redis(redis_url) as redis:
        world = World(limits=Limits(asked_in_an_hour=3, open_of_a_person=9, open_of_a_team=9))
        await world.found_platform()
        ports = _on(redis, world) if is_real else world.ports
        forms = [_a_form(number) for number in range(40)]

        answers = await asyncio.gather(
            *(ask(form, ports=ports) for form in forms), return_exceptions=True
        )

        refused = [answer for answer in answers if isinstance(answer, RequestRejected)]
        assert len(refused) == 37
        assert len(await ports.jobs.unfinished()) == 3


def _on(redis: Redis, world: World) -> Ports:
    jobs, gate = RedisJobs(redis, owner="tests"), RedisGate(redis)
    return dataclasses.replace(world.ports, jobs=jobs, gate=gate)


def _a_form(number: int) -> Submission:
    values = {"name": f"Till {number}", "description": "x", "owner": "group:default/payments"}
    return Submission(
        id=f"V{number}", template="system", values=values, requester=ADA, channel="C0GENERAL"
    )
