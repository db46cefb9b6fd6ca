"""Forms that are sent: what becomes of them, over Slack's socket and over HTTP."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from slack_bolt.async_app import AsyncBoltRequest

from bot.domain.errors import TemporaryError
from bot.domain.job import Job, MessageRef
from bot.sandbox.slack.workspace import PRIVATE
from bot.slack import app as slack_app
from bot.slack.whereabouts import BETWEEN_LOOKS
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_stories import FILLED_IN, stored
from tests.unit.slack_world import Member, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world.listening(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(world: World) -> Member:
    return world.member("ada")


async def test_a_filled_in_form_becomes_a_job_in_the_channel_where_it_was_asked_for(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app", channel="C0PLATFORM")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert answer == {"ok": True, "error": "", "errors": {}}
    assert await ada.has_no_modal()
    (job,) = stored(world)
    assert job.channel == "C0PLATFORM"
    assert job.request == jobs.an_app_request(parameters=job.request.parameters)
    assert job.request.parameters["visibility"] == "internal"


async def test_a_new_system_is_asked_for_with_a_form_of_its_own(world: World, ada: Member) -> None:
    await ada.says("/idp new-system")
    await ada.fills_in(
        {"name": "Gift cards", "description": "Sells them.", "owner": "group:default/payments"}
    )

    await ada.submits()

    assert [job.request.kind for job in stored(world)] == ["new-system"]


async def test_submitting_twice_makes_one_job(world: World, ada: Member) -> None:
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)
    view = await ada.modal()

    twice = [ada.does("submit", view_id=view["id"], values=ada.typed) for _ in range(2)]
    await asyncio.gather(*twice)

    assert len(stored(world)) == 1


async def test_problems_stand_under_the_fields_at_fault_and_the_form_stays_open(
    world: World, ada: Member
) -> None:
    world.behind.git.add_project("idp/payments/checkout-hello-shop")
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert list(answer["errors"]) == ["name"]
    assert "idp/payments/checkout-hello-shop" in answer["errors"]["name"]
    assert not await ada.has_no_modal()
    assert stored(world) == []


async def test_a_system_that_cannot_be_asked_is_named_and_nothing_is_made(
    world: World, ada: Member
) -> None:
    world.behind.git.fail_next(TemporaryError("GitLab does not answer."))
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert answer["errors"]["name"].startswith("GitLab does not answer. Nothing was made")
    assert stored(world) == []


async def test_where_a_lost_answer_hides_whether_a_job_was_stored_the_form_does_not_guess(
    world: World, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.behind.jobs.create

    async def lost(job: Job) -> bool:
        await store(job)
        raise TemporaryError("Redis does not answer.")

    monkeypatch.setattr(world.behind.jobs, "create", lost)
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()
    monkeypatch.undo()
    again = await ada.submits()

    assert answer["errors"]["name"].startswith("Redis does not answer. So it is not known")
    assert again["ok"]
    assert len(stored(world)) == 1


async def test_checks_that_take_too_long_are_answered_before_slack_gives_up(
    world: World, ada: Member
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    world.behind.catalog.find = never  # type: ignore[method-assign] # a catalog that hangs
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert answer["errors"]["name"].startswith("This took too long. So it is not known")
    assert "/idp jobs shows it" in answer["errors"]["name"]
    assert stored(world) == []


async def test_somebody_unknown_to_the_catalog_is_told_so_in_the_form(world: World) -> None:
    ada = world.member("ada")
    await ada.says("/idp new-app")
    view = await ada.modal()
    world.behind.directory.people.pop(ada.id)
    typed = {name: {"field.text": "Hello"} for name in ("name", "description", "hostname")}
    state = slack_state(view, typed)

    answer = await submitted(world, ada, view, state)

    assert "belongs to nobody in the catalog" in answer["errors"]["name"]
    assert stored(world) == []


def slack_state(view: dict[str, Any], typed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The state that Slack would send for a form in which only text was typed."""
    return {
        block["block_id"]: {
            block["element"]["action_id"]: {
                "type": block["element"]["type"],
                "value": next(iter(typed.get(block["block_id"], {}).values()), None),
            }
        }
        for block in view["blocks"]
        if block["type"] == "input"
    }


SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def signed(payload: dict[str, Any], *, secret: str = SECRET, age: int = 0) -> Any:
    """A request as Slack signs it."""
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers: dict[str, str | Sequence[str]] = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }
    return AsyncBoltRequest(body=body, headers=headers)


async def submitted(
    world: World, member: Member, view: dict[str, Any], state: dict[str, Any], **how: Any
) -> dict[str, Any]:
    """Bolt's answer to a submission over HTTP."""
    bolt = slack_app.build(
        ports=world.behind.ports, client=world.client, signing_secret=SecretStr(SECRET)
    )
    payload = {
        "type": "view_submission",
        "team": {"id": "T0DEMO"},
        "user": {"id": member.id},
        "view": {**view, "state": {"values": state}},
    }
    answer = await bolt.async_dispatch(signed(payload, **how))
    return {"status": answer.status, **(json.loads(answer.body) if answer.status == 200 else {})}


async def test_a_signed_request_over_http_is_answered_like_one_over_the_socket(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app")
    view = await ada.modal()

    answer = await submitted(world, ada, view, slack_state(view, {"name": {"": "1st"}}))

    assert answer["status"] == 200
    assert answer["response_action"] == "errors"
    assert "name" in answer["errors"]


@pytest.mark.parametrize("how", [{"secret": "wrong"}, {"age": 400}], ids=str)
async def test_a_request_with_a_wrong_or_old_signature_is_refused(
    world: World, ada: Member, how: dict[str, Any]
) -> None:
    await ada.says("/idp new-app")
    view = await ada.modal()

    answer = await submitted(world, ada, view, slack_state(view, {}), **how)

    assert answer["status"] == 401
    assert stored(world) == []


async def test_whoever_asks_for_something_private_in_a_channel_is_told_where_its_card_is(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app", channel="C0PLATFORM")
    await ada.fills_in({**FILLED_IN, "visibility": "private"})

    await ada.submits()

    assert await ada.whisper() == (
        "“Hello shop” is under way. It is private, so its card is in your direct messages with the bot."
    )
    assert (await ada.whispers())[-1]["channel"] == "C0PLATFORM"


async def carded(world: World, channel: str) -> None:
    """The worker posts the card of the only job."""
    while not (made := stored(world)):  # noqa: ASYNC110 the store of a test has no events
        await asyncio.sleep(0.01)
    card = MessageRef(channel=channel, ts="1793707200.000100")
    world.behind.jobs.jobs[made[0].id] = made[0].model_copy(update={"messages": {"card": card}})


async def test_where_the_bot_cannot_speak_a_modal_says_where_the_card_is(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app", channel=PRIVATE[0])
    await ada.fills_in(FILLED_IN)

    await asyncio.gather(ada.submits(), carded(world, "D0ADA"))

    told = await ada.modal()
    assert "The bot cannot write in this channel, so its card is in your direct" in str(told)


async def test_a_card_that_is_in_plain_sight_needs_no_word(world: World, ada: Member) -> None:
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    await asyncio.gather(ada.submits(), carded(world, "C0PAYMENTS"))
    await asyncio.sleep(2 * BETWEEN_LOOKS)

    assert await ada.whispers() == []
    assert await ada.has_no_modal()


async def test_a_store_that_stumbles_once_all_is_taken_in_is_no_reason_to_say_otherwise(
    world: World, ada: Member
) -> None:
    async def spoil() -> None:
        while not (made := stored(world)):  # noqa: ASYNC110 the store of a test has no events
            await asyncio.sleep(0.01)
        world.behind.jobs.unreadable.add(made[0].id)

    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    _, answer = await asyncio.gather(spoil(), ada.submits())
    await asyncio.sleep(2 * BETWEEN_LOOKS)

    assert answer["ok"]
    assert await ada.whispers() == []
    assert await ada.has_no_modal()
