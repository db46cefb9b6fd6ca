"""Triggers, the stack of modals, hashes, and what a submission may answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.triggers import Triggers
from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


def _refusal(caught: pytest.ExceptionInfo[SlackApiError]) -> str:
    error: str = caught.value.response["error"]
    return error


async def _answering(room: Room, answers: list[Json], *, callback_id: str = "form") -> Any:
    """Make an app whose command opens a modal and whose form gives the answers in turn."""
    app = room.bolt()
    bodies: list[Json] = []

    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        view = slack.modal(callback_id=callback_id)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view(callback_id)
    async def submit(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack(**answers.pop(0))

    return app, bodies


async def _opened(room: Room) -> Json:
    await room.say("U0ADA", "/idp")
    view: Json = (await slack.until(lambda: room.modals("U0ADA")))[-1]
    return view


async def _submit(room: Room) -> Json:
    top = (await room.modals("U0ADA"))[-1]
    values = {"name": {"value": "hello"}}
    return await room.act("U0ADA", "submit", view_id=top["id"], values=values)


def test_a_trigger_lasts_three_seconds() -> None:
    now = [1000.0]
    triggers = Triggers(lambda: now[0])
    trigger = triggers.give("U0ADA")
    now[0] += 3.1

    with pytest.raises(SlackError, match="expired_trigger_id"):
        triggers.exchange(trigger)


async def test_a_trigger_opens_one_modal_and_no_second(room: Room) -> None:
    app = room.bolt()
    bodies: list[Json] = []

    @app.command("/idp")
    async def command(ack: Any, body: Json) -> None:
        await ack()
        bodies.append(body)

    async with slack.connected(room, app):
        await room.say("U0ADA", "/idp")
    await room.web().views_open(trigger_id=bodies[0]["trigger_id"], view=slack.modal())

    with pytest.raises(SlackApiError) as again:
        await room.web().views_open(trigger_id=bodies[0]["trigger_id"], view=slack.modal())
    with pytest.raises(SlackApiError) as unknown:
        await room.web().views_open(trigger_id="1.2.3", view=slack.modal())
    assert _refusal(again) == "exchanged_trigger_id"
    assert _refusal(unknown) == "invalid_trigger_id"


async def test_three_modals_lie_on_each_other_and_no_fourth(room: Room) -> None:
    push = {"response_action": "push", "view": slack.modal()}
    app, bodies = await _answering(room, [push, push, push])

    async with slack.connected(room, app):
        first = await _opened(room)
        await _submit(room)
        await _submit(room)
        fourth = await _submit(room)

    stack = await room.modals("U0ADA")
    assert [view["previous_view_id"] for view in stack] == [None, *(v["id"] for v in stack[:2])]
    assert {view["root_view_id"] for view in stack} == {first["id"]}
    assert fourth["error"] == "We had some trouble connecting. Try again?"
    assert len(bodies) == 3


async def test_an_answer_can_update_the_modal_and_then_clear_them_all(room: Room) -> None:
    changed = slack.modal(slack.text_field("name"), slack.section("Nearly there"))
    update = {"response_action": "update", "view": changed}
    app, _ = await _answering(room, [update, {"response_action": "clear"}])

    async with slack.connected(room, app):
        before = await _opened(room)
        await _submit(room)
        after = (await room.modals("U0ADA"))[0]
        await _submit(room)

    assert after["id"] == before["id"]
    assert after["hash"] != before["hash"]
    assert after["blocks"][1]["text"]["text"] == "Nearly there"
    assert await room.modals("U0ADA") == []


async def test_errors_for_a_block_that_is_no_input_are_a_failure_for_the_person(room: Room) -> None:
    wrong = {"response_action": "errors", "errors": {"nowhere": "?"}}
    app, _ = await _answering(room, [wrong])

    async with slack.connected(room, app):
        await _opened(room)
        answer = await _submit(room)

    assert answer["error"] == "We had some trouble connecting. Try again?"


async def test_an_update_with_an_old_hash_is_refused(room: Room) -> None:
    app, _ = await _answering(room, [])
    async with slack.connected(room, app):
        view = await _opened(room)
    new = slack.modal()
    await room.web().views_update(view_id=view["id"], hash=view["hash"], view=new)

    with pytest.raises(SlackApiError) as caught:
        await room.web().views_update(view_id=view["id"], hash=view["hash"], view=new)
    assert _refusal(caught) == "hash_conflict"


async def test_a_view_can_be_found_by_the_apps_own_id(room: Room) -> None:
    home: Json = {"type": "home", "external_id": "home-of-ada", "blocks": [slack.section("one")]}
    await room.web().views_publish(user_id="U0ADA", view=home)

    home["blocks"] = [slack.section("two")]
    await room.web().views_update(external_id="home-of-ada", view=home)

    assert (await room.get("views/U0ADA"))["home"]["blocks"][0]["text"]["text"] == "two"


async def test_choosing_in_a_modal_reaches_the_app_with_everything_typed_so_far(room: Room) -> None:
    app = room.bolt()
    bodies: list[Json] = []
    choice = {"type": "static_select", "action_id": "pick", "options": [slack.option("a")]}
    field = {"type": "input", "block_id": "kind", "label": slack.plain("Kind")}
    view = slack.modal(
        slack.text_field("name"), {**field, "dispatch_action": True, "element": choice}
    )

    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.action("pick")
    async def pick(ack: Any, body: Json, client: Any) -> None:
        await ack()
        bodies.append(body)
        await client.views_push(trigger_id=body["trigger_id"], view=slack.modal())

    async with slack.connected(room, app):
        opened = await _opened(room)
        touch = {"block_id": "kind", "action_id": "pick", "value": "a"}
        values = {"name": {"value": "hello"}}
        await room.act("U0ADA", "click", view_id=opened["id"], values=values, **touch)
        await slack.until(lambda: _stacked(room, 2))

    state = bodies[0]["view"]["state"]["values"]
    assert bodies[0]["actions"][0]["selected_option"]["value"] == "a"
    assert state["name"]["value"]["value"] == "hello"
    assert state["kind"]["pick"]["selected_option"]["value"] == "a"


async def _stacked(room: Room, count: int) -> bool:
    return len(await room.modals("U0ADA")) == count


async def test_a_page_drawn_anew_shows_what_was_typed(room: Room) -> None:
    app, _ = await _answering(room, [{"response_action": "errors", "errors": {"name": "No."}}])

    async with slack.connected(room, app):
        await _opened(room)
        await _submit(room)

    page = (await room.http.get("/client/U0ADA/C0GENERAL")).text
    assert 'value="hello"' in page


async def test_a_modal_opens_in_the_window_where_somebody_acted(room: Room) -> None:
    app, _ = await _answering(room, [])

    async with slack.connected(room, app):
        await room.say("U0ADA", "/idp", window="left")
        await slack.until(lambda: room.modals("U0ADA"))

    assert ["<dialog class" in await _page(room, name) for name in ("left", "right")] == [
        True,
        False,
    ]


async def _page(room: Room, window: str) -> str:
    page = await room.http.get("/client/U0ADA/C0GENERAL", headers={"X-Window": window})
    return page.text


async def test_a_modal_stays_in_its_window_when_the_workspace_starts_again(tmp_path: Path) -> None:
    async with slack.a_room(tmp_path) as room:
        app, _ = await _answering(room, [])
        async with slack.connected(room, app):
            await room.say("U0ADA", "/idp", window="left")
            await slack.until(lambda: room.modals("U0ADA"))

    async with slack.a_room(tmp_path) as again:
        assert "New application" in await _page(again, "left")
        assert "New application" not in await _page(again, "right")
