"""How much may be asked for at once, and what a freeze means for those who ask."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import RequestRejected
from bot.domain.job import JobState
from bot.domain.limits import Freeze, Limits, excess
from bot.domain.request import AppRequest, SystemRequest
from bot.usecases.ask import ask
from bot.usecases.submission import Submission
from tests.builders import ADA, BRUNO, CHIARA, NOON, a_job, a_system_request, an_app_request
from tests.world import World

TWO = Limits(asked_in_an_hour=2, open_of_a_person=2, open_of_a_team=2)
MANY = Limits(asked_in_an_hour=9, open_of_a_person=9, open_of_a_team=9)
FREEZE = Freeze(reason="The cluster is being moved.", by="deniz", since=NOON)


def told(
    limits: Limits,
    *,
    unfinished: tuple[AppRequest | SystemRequest, ...] = (),
    recent: tuple[AppRequest | SystemRequest, ...] = (),
) -> str | None:
    return excess(
        an_app_request(requester=ADA),
        limits=limits,
        unfinished=[a_job(request=each) for each in unfinished],
        recent=[a_job(request=each) for each in recent],
    )


def test_two_are_too_many_where_two_is_the_limit() -> None:
    mine = an_app_request(requester=ADA)

    assert told(TWO, unfinished=(mine,), recent=(mine,)) is None
    assert "You have 2 requests under way" in str(told(TWO, unfinished=(mine, mine)))
    assert "You have asked for 2 things" in str(told(TWO, recent=(mine, mine)))
    assert told(MANY, unfinished=(mine, mine), recent=(mine, mine)) is None


def test_what_others_ask_for_counts_for_the_team_alone() -> None:
    brunos, theirs = an_app_request(requester=BRUNO), a_system_request(requester=CHIARA)

    assert "payments has 2 requests under way" in str(told(TWO, unfinished=(brunos, theirs)))
    assert told(TWO, recent=(brunos, brunos)) is None


def a_submission(view: str, **changes: Any) -> Submission:
    values = {"name": "Gift Cards", "description": "Money.", "owner": "group:default/payments"}
    return Submission(
        id=view, template="system", values=values | changes, requester=ADA, channel="C0GENERAL"
    )


async def test_what_has_ended_makes_room_and_an_hour_later_so_does_what_was_asked() -> None:
    world = World(limits=TWO)
    await world.found_platform()
    for number in range(2):
        job = await ask(a_submission(f"V{number}", name=f"Till {number}"), ports=world.ports)
        world.jobs.put(job.id, {"state": JobState.FAILED})

    with pytest.raises(RequestRejected) as refused:
        await ask(a_submission("V2", name="Till 2"), ports=world.ports)
    world.clock.advance(timedelta(minutes=61))
    later = await ask(a_submission("V3", name="Till 3"), ports=world.ports)

    assert "within an hour" in refused.value.problems[""]
    assert later.id in world.jobs.jobs


async def test_a_second_press_is_no_second_request() -> None:
    world = World(limits=Limits(asked_in_an_hour=1, open_of_a_person=1, open_of_a_team=1))
    await world.found_platform()

    first = await ask(a_submission("V1"), ports=world.ports)
    second = await ask(a_submission("V1"), ports=world.ports)

    assert first.id == second.id


async def test_a_freeze_refuses_new_requests_with_its_reason_until_it_ends() -> None:
    world = World()
    await world.found_platform()
    await world.jobs.freeze(FREEZE)

    with pytest.raises(RequestRejected) as refused:
        await ask(a_submission("V1"), ports=world.ports)
    await world.jobs.freeze(None)

    assert "The cluster is being moved." in refused.value.problems[""]
    assert world.jobs.jobs == {}
    assert await ask(a_submission("V1"), ports=world.ports)


async def test_a_job_that_runs_goes_on_in_a_freeze() -> None:
    world = World()
    await world.found_platform()
    job = await ask(a_submission("V1"), ports=world.ports)
    await world.jobs.freeze(FREEZE)

    assert (await world.advance(job)).state is JobState.WAITING_APPROVAL
