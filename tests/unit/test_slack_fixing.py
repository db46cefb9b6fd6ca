"""Fixing the input of a failed request in Slack: only what is at fault is asked, and what follows is said before."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job import Job, JobState, StepState
from bot.domain.request import AppRequest
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_stories import FILLED_IN, card_of, fields, stored
from tests.unit.slack_world import Member, World, element_of

ANSWERS = {**FILLED_IN, "visibility": "internal"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world.listening(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(world: World) -> Member:
    return world.member("ada")


def refused(*at_fault: str, made: tuple[str, ...] = ("plan_app", "await_approval")) -> Job:
    """A job whose application repository was refused, with the steps before it done."""
    failed = jobs.a_failed_job(reason="idp/payments/checkout-hello-shop exists already.")
    blamed = failed.step("await_pipeline").evolve(fields=at_fault, started_at=jobs.NOW)
    return failed.model_copy(
        update={
            "request": jobs.an_app_request(parameters=ANSWERS),
            "steps": {**jobs.only(jobs.app_steps(), *made), "create_app_repository": blamed},
        }
    )


def buttons(card: dict[str, Any]) -> list[str]:
    actions = [block for block in card["blocks"] if block["type"] == "actions"]
    return [element["text"]["text"] for block in actions for element in block["elements"]]


def request_of(world: World) -> AppRequest:
    request = stored(world)[0].request
    assert isinstance(request, AppRequest)
    return request


async def test_the_card_offers_it_only_where_an_answer_is_at_fault(world: World) -> None:
    assert buttons(await card_of(world, refused("name")))[:2] == ["Fix input", "Retry"]
    other = refused().model_copy(update={"id": "other123"})
    assert "Fix input" not in buttons(await card_of(world, other))


async def test_only_what_is_at_fault_is_asked_with_the_answer_that_was_given(
    world: World, ada: Member
) -> None:
    card = await card_of(world, refused("name", "visibility"))

    await ada.presses(card, "Fix input")

    view = await ada.modal()
    assert fields(view) == ["name", "visibility"]
    assert element_of(view, "name")["initial_value"] == "Hello shop"
    assert element_of(view, "visibility")["initial_option"]["value"] == "internal"
    assert "exists already" in str(view["blocks"][0])


async def test_what_would_be_taken_back_is_said_before_and_done_after_a_second_press(
    world: World, ada: Member
) -> None:
    made = ("plan_app", "await_approval", "create_deployment_repository")
    card = await card_of(world, refused("name", made=made))
    await ada.presses(card, "Fix input")
    await ada.fills_in({"name": "Other shop"})

    await ada.submits()
    asked = await ada.modal()
    before = stored(world)[0].fix
    ada.typed.clear()
    await ada.submits()

    assert "Remove the application repository" in str(asked["blocks"])
    assert before is None
    job = stored(world)[0]
    assert job.fix
    assert job.fix.request.name == "Other shop"
    assert "goes on with what you changed" in str((await ada.modal())["blocks"])


async def test_where_nothing_is_touched_one_press_is_enough(world: World, ada: Member) -> None:
    failed = refused("hostname", made=())
    plan = failed.step("create_app_repository")
    job = failed.model_copy(update={"steps": {"plan_app": plan}})
    card = await card_of(world, job)
    await ada.presses(card, "Fix input")
    await ada.fills_in({"hostname": "other"})

    await ada.submits()

    assert "goes on with what you changed" in str((await ada.modal())["blocks"])
    assert stored(world)[0].state is JobState.RUNNING


async def test_an_answer_that_will_not_do_is_refused_under_its_field(
    world: World, ada: Member
) -> None:
    card = await card_of(world, refused("name"))
    await ada.presses(card, "Fix input")
    await ada.fills_in({"name": "7 dwarfs"})

    answer = await ada.submits()

    assert set(answer["errors"]) == {"name"}
    assert request_of(world).name == "Hello shop"


async def test_the_same_answer_again_is_no_fix(world: World, ada: Member) -> None:
    card = await card_of(world, refused("name"))
    await ada.presses(card, "Fix input")
    await ada.fills_in({"name": "Hello shop"})

    answer = await ada.submits()

    assert "what the form said before" in answer["errors"]["name"]


async def test_somebody_whom_it_does_not_concern_is_told_so(world: World) -> None:
    card = await card_of(world, refused("name"))
    chiara = world.member("chiara")

    await chiara.presses(card, "Fix input")

    assert "Only Ada Okafor" in await chiara.whisper()
    assert await chiara.has_no_modal()


async def test_the_command_does_the_same(world: World, ada: Member) -> None:
    await card_of(world, refused("name"))

    await ada.says("/idp fix hello-shop")
    asked = fields(await ada.modal())
    await ada.says("/idp fix")

    assert asked == ["name"]
    assert "Say which: /idp fix" in await ada.whisper()


async def test_an_answer_that_comes_after_the_job_went_on_changes_nothing(
    world: World, ada: Member
) -> None:
    card = await card_of(world, refused("name"))
    await ada.presses(card, "Fix input")
    await ada.fills_in({"name": "Other shop"})
    await world.behind.jobs.retry("k3v9x2ab", by=jobs.ADA, at=jobs.NOW)

    await ada.submits()

    assert "has not failed" in str((await ada.modal())["blocks"])
    assert stored(world)[0].step("create_app_repository").state is StepState.PENDING
