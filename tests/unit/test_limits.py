"""How much may be asked for at once, and what a freeze means for those who ask."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.entities import Person
from bot.domain.errors import RequestRejected
from bot.domain.job import JobState
from bot.domain.limits import Bid, Crowd, Freeze, Limits, bid_for, excess
from bot.domain.request import AppRequest, SystemRequest
from bot.usecases.ask import ask
from bot.usecases.retry import retry
from bot.usecases.submission import Submission
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, NOON, a_system_request, an_app_request
from tests.world import World

TWO = Limits(asked_in_an_hour=2, open_of_a_person=2, open_of_a_team=2)
MANY = Limits(asked_in_an_hour=9, open_of_a_person=9, open_of_a_team=9)
FREEZE = Freeze(reason="The cluster is being moved.", by="deniz", since=NOON)


def told(
    limits: Limits,
    *,
    unfinished: tuple[AppRequest | SystemRequest, ...] = (),
    recent: tuple[AppRequest | SystemRequest, ...] = (),
    ahead: tuple[AppRequest | SystemRequest, ...] = (),
) -> str | None:
    def bids(requests: tuple[AppRequest | SystemRequest, ...], of: str) -> tuple[Bid, ...]:
        return tuple(bid_for(each, job_id=f"{of}{n}") for n, each in enumerate(requests))

    crowd = Crowd(
        unfinished=bids(unfinished, "job"), recent=bids(recent, "job"), ahead=bids(ahead, "ahead")
    )
    bid = bid_for(an_app_request(requester=ADA), job_id="own")
    return excess(bid, crowd, limits=limits, told=ADA.user)


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


def test_who_stands_ahead_counts_once_and_as_those_who_are_in_already() -> None:
    mine, brunos = an_app_request(requester=ADA), an_app_request(requester=BRUNO)
    own = bid_for(mine, job_id="own")
    seen_twice = Crowd(unfinished=(bid_for(mine, job_id="a"),), ahead=(bid_for(mine, job_id="a"),))

    assert "You have 2 requests" in str(told(TWO, unfinished=(mine,), ahead=(mine,)))
    assert "payments has 2 requests" in str(told(TWO, unfinished=(brunos,), ahead=(brunos,)))
    assert "You have asked for 2" in str(told(TWO, recent=(mine,), ahead=(mine,)))
    assert excess(own, seen_twice, limits=TWO, told=ADA.user) is None
    assert excess(own, Crowd(ahead=(own, own)), limits=TWO, told=ADA.user) is None


def test_who_is_refused_for_those_ahead_who_may_be_refused_themselves_is_told_to_try_again() -> (
    None
):
    mine, brunos = an_app_request(requester=ADA), an_app_request(requester=BRUNO)
    checked = "that are under way or being checked; press again in a moment."

    assert told(TWO, unfinished=(mine,), ahead=(mine, mine)) == f"You have 3 requests {checked}"
    assert told(TWO, ahead=(brunos, brunos)) == f"payments has 2 requests {checked}"
    assert told(TWO, recent=(mine,), ahead=(mine,)) == (
        "You have asked for 2 things within an hour, of which some are being checked; press again in a moment."
    )
    assert told(TWO, unfinished=(mine, mine), ahead=(mine,)) == (
        "You have 2 requests under way; wait for one to end, or cancel one."
    )


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


async def test_a_retry_waits_until_there_is_room_for_it() -> None:
    world = World(limits=TWO)
    await world.found_platform()
    failed = await ask(a_submission("V0", name="Till 0"), ports=world.ports)
    world.jobs.put(failed.id, {"state": JobState.FAILED})
    world.clock.advance(timedelta(minutes=61))
    others = [
        await ask(a_submission(f"V{number}", name=f"Till {number}"), ports=world.ports)
        for number in (1, 2)
    ]

    refused = await retry(failed.id, person=ADA, ports=world.ports)
    for_her = await retry(failed.id, person=DENIZ, ports=world.ports)
    world.jobs.put(others[0].id, {"state": JobState.DONE})
    accepted = await retry(failed.id, person=ADA, ports=world.ports)

    assert "You have 2 requests under way; wait for one" in refused.text
    assert "Ada has 2 requests under way" in for_her.text
    assert not refused.accepted
    assert accepted.accepted


async def test_of_many_retries_at_once_as_many_go_on_as_there_is_room_for() -> None:
    world = World(limits=Limits(asked_in_an_hour=9, open_of_a_person=2, open_of_a_team=9))
    await world.found_platform()
    failed = []
    for number in range(6):
        job = await ask(a_submission(f"V{number}", name=f"Till {number}"), ports=world.ports)
        world.jobs.put(job.id, {"state": JobState.FAILED})
        failed.append(job.id)

    replies = await asyncio.gather(
        *(retry(job_id, person=ADA, ports=world.ports) for job_id in failed)
    )

    assert [reply.accepted for reply in replies].count(True) == 2
    assert {reply.text.partition(";")[2] for reply in replies if not reply.accepted} <= {
        " press again in a moment.",
        " wait for one to end, or cancel one.",
    }
    assert len(await world.jobs.unfinished()) == 2


async def test_what_takes_back_needs_no_room() -> None:
    world = World(limits=Limits(asked_in_an_hour=9, open_of_a_person=1, open_of_a_team=1))
    await world.found_platform()
    failed = await ask(a_submission("V0", name="Till 0"), ports=world.ports)
    world.jobs.put(failed.id, {"state": JobState.FAILED, "undo_by": "Ada"})
    await ask(a_submission("V1", name="Till 1"), ports=world.ports)

    assert world.jobs.jobs[failed.id].state_after_retry is JobState.UNDOING
    assert (await retry(failed.id, person=ADA, ports=world.ports)).accepted


async def test_refusals_of_one_person_cannot_fill_the_audit() -> None:
    world = World()
    await world.found_platform()
    await world.jobs.freeze(FREEZE)

    async def refused(view: str, requester: Person) -> None:
        form = a_submission(view).model_copy(update={"requester": requester})
        with pytest.raises(RequestRejected):
            await ask(form, ports=world.ports)

    for number in range(200):
        await refused(f"V{number}", ADA)
    await refused("W", BRUNO)
    world.clock.advance(timedelta(minutes=61))
    await refused("X", ADA)

    entries = [json.loads(line) async for line in world.audit.lines()]
    hers, his = (
        [entry["detail"] for entry in entries if entry["who"] == str(person.user)]
        for person in (ADA, BRUNO)
    )
    assert len(hers) == 20 + 3 + 1
    assert hers[20:23] == [
        f"The {number}th within an hour: {FREEZE.told}" for number in (40, 80, 160)
    ]
    assert hers[-1] == FREEZE.told
    assert len(his) == 1
