"""The whole loop through Bolt in Socket Mode: command, form, card, button, thread."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room

SYSTEMS = ("checkout", "webshop", "ledger")


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


def _form() -> Json:
    search = {"type": "external_select", "action_id": "systems", "min_query_length": 0}
    system = {"type": "input", "block_id": "system", "label": slack.plain("System")}
    return slack.modal(
        slack.text_field("name", max_length=20),
        {**system, "element": search},
        private_metadata="C0GENERAL",
        notify_on_close=True,
    )


def _card(status: str) -> list[Json]:
    task = {"type": "task_card", "task_id": "one", "title": "Create", "status": status}
    button = {"type": "button", "action_id": "approve", "text": slack.plain("Approve")}
    return [
        {"type": "plan", "title": "hello", "tasks": [task]},
        {"type": "actions", "block_id": "decision", "elements": [button]},
    ]


def _an_app(room: Room, seen: list[Json]) -> AsyncApp:
    app = room.bolt()
    _with_card(app)

    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        seen.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=_form())

    @app.options("systems")
    async def systems(ack: Any, body: Json) -> None:
        await ack(options=[slack.option(name) for name in SYSTEMS if body["value"] in name])

    @app.view("form")
    async def submit(ack: Any, view: Json, client: Any) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name == "taken":
            await ack(response_action="errors", errors={"name": "This name is taken."})
            return
        await ack()
        seen.append(view)
        blocks = _card("in_progress")
        channel = view["private_metadata"]
        await client.chat_postMessage(channel=channel, text=name, blocks=blocks)

    @app.view_closed("form")
    async def closed(ack: Any, body: Json) -> None:
        await ack()
        seen.append(body)

    return app


def _with_card(app: AsyncApp) -> None:
    @app.action("approve")
    async def approve(ack: Any, body: Json, client: Any) -> None:
        await ack()
        place = {"channel": body["channel"]["id"]}
        ts = body["message"]["ts"]
        blocks = _card("complete")[:1]
        await client.chat_update(**place, ts=ts, text="done", blocks=blocks)
        text = f"Approved by <@{body['user']['id']}>"
        await client.chat_postMessage(**place, thread_ts=ts, text=text)


async def test_a_request_goes_from_the_command_to_the_approved_card(room: Room) -> None:
    seen: list[Json] = []
    async with slack.connected(room, _an_app(room, seen)):
        assert (await room.say("U0ADA", "/idp new-app"))["ok"]
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        place = {"view_id": view["id"]}
        touch = {"block_id": "system", "action_id": "systems", "value": "ck"}
        offered = await room.act("U0ADA", "suggest", **place, **touch)
        values = {"name": {"value": "hello"}, "system": {"systems": "checkout"}}
        assert (await room.act("U0ADA", "submit", **place, values=values))["ok"]
        card = (await slack.until(lambda: room.get("messages")))[0]
        place = {"channel": "C0GENERAL", "ts": card["ts"]}
        approve = {"block_id": "decision", "action_id": "approve"}
        assert (await room.act("U0DENIZ", "click", **place, **approve))["ok"]
        await slack.until(lambda: _said(room, 2))

    card, reply = await room.get("messages")
    assert (seen[0]["text"], seen[0]["user_name"]) == ("new-app", "ada")
    assert [one["value"] for one in offered["groups"][0]["options"]] == ["checkout"]
    assert seen[1]["state"]["values"]["system"]["systems"]["selected_option"]["value"] == "checkout"
    assert card["blocks"][0]["tasks"][0]["status"] == "complete"
    assert (reply["thread_ts"], reply["text"]) == (card["ts"], "Approved by <@U0DENIZ>")
    assert await room.modals("U0ADA") == []


async def _said(room: Room, count: int) -> bool:
    return len(await room.get("messages")) >= count


async def test_the_apps_errors_come_back_under_their_field(room: Room) -> None:
    async with slack.connected(room, _an_app(room, [])):
        await room.say("U0ADA", "/idp new-app")
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        touch = {"block_id": "system", "action_id": "systems", "value": ""}
        await room.act("U0ADA", "suggest", view_id=view["id"], **touch)
        values = {"name": {"value": "taken"}, "system": {"systems": "ledger"}}
        answer = await room.act("U0ADA", "submit", view_id=view["id"], values=values)

    assert answer["errors"] == {"name": "This name is taken."}
    assert len(await room.modals("U0ADA")) == 1


async def test_a_missing_field_is_told_without_asking_the_app(room: Room) -> None:
    seen: list[Json] = []
    async with slack.connected(room, _an_app(room, seen)):
        await room.say("U0ADA", "/idp new-app")
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        long = {"name": {"value": "n" * 21}}
        answer = await room.act("U0ADA", "submit", view_id=view["id"], values=long)

    assert answer["errors"] == {
        "name": "Please use at most 20 characters.",
        "system": "Please complete this required field.",
    }
    assert len(seen) == 1


async def test_closing_a_modal_is_told_to_an_app_that_asked(room: Room) -> None:
    seen: list[Json] = []
    async with slack.connected(room, _an_app(room, seen)):
        await room.say("U0ADA", "/idp new-app")
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        await room.act("U0ADA", "close", view_id=view["id"], everything=True)

    assert (seen[-1]["type"], seen[-1]["is_cleared"]) == ("view_closed", True)
    assert await room.modals("U0ADA") == []


async def test_a_modal_belongs_to_the_person_who_opened_it(room: Room) -> None:
    async with slack.connected(room, _an_app(room, [])):
        await room.say("U0ADA", "/idp new-app")
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        answer = await room.act("U0BRUNO", "submit", view_id=view["id"], values={})

    assert answer["error"] == "not_found"


async def test_a_command_without_an_app_says_why_nothing_happened(room: Room) -> None:
    answer = await room.say("U0ADA", "/idp new-app")

    assert answer["error"] == "dispatch_failed"
    assert "No app is connected" in (await room.whispers("U0ADA"))[0]
    assert await room.whispers("U0BRUNO") == []


async def test_a_command_that_no_app_has_is_explained_to_whoever_typed_it(room: Room) -> None:
    await room.say("U0ADA", "/idb new-app")

    assert "`/idb` is not a valid command" in (await room.whispers("U0ADA"))[0]


async def test_whoever_waits_three_seconds_for_the_app_is_told(room: Room) -> None:
    app = room.bolt()
    select = {"type": "external_select", "action_id": "search", "min_query_length": 0}
    button = {"type": "button", "action_id": "press", "text": slack.plain("Go")}
    row = {"type": "actions", "block_id": "row", "elements": [select, button]}
    view = slack.modal(slack.text_field("name"), row)

    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        if body["text"] == "open":
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=view)
        await asyncio.sleep(4)

    @app.view("form")
    @app.action("press")
    @app.options("search")
    async def slow(ack: Any) -> None:
        await asyncio.sleep(4)

    async with slack.connected(room, app):
        await room.say("U0ADA", "/idp open")
        opened = (await slack.until(lambda: room.modals("U0ADA")))[0]
        values = {"name": {"value": "hello"}}
        place = {"view_id": opened["id"], "block_id": "row"}
        command_answer, press_answer, search_answer, form_answer = await asyncio.gather(
            room.say("U0ADA", "/idp"),
            room.act("U0ADA", "click", **place, action_id="press"),
            room.act("U0ADA", "suggest", **place, action_id="search", value=""),
            room.act("U0ADA", "submit", view_id=opened["id"], values=values),
        )

    assert command_answer["error"] == "operation_timeout"
    assert "did not answer within 3 seconds" in (await room.whispers("U0ADA"))[0]
    assert press_answer["error"] == "The app did not respond. Try again in a moment."
    assert search_answer["error"] == "The options did not come within 3 seconds."
    assert form_answer["error"] == "We had some trouble connecting. Try again?"
    assert len(await room.modals("U0ADA")) == 1


async def test_the_home_tab_is_published_when_it_is_looked_at(room: Room) -> None:
    app = room.bolt()

    @app.event("app_home_opened")
    async def opened(event: Json, client: Any) -> None:
        view = {"type": "home", "blocks": [slack.section(f"Hello {event['user']}")]}
        await client.views_publish(user_id=event["user"], view=view)

    async with slack.connected(room, app):
        await room.act("U0BRUNO", "home")
        await slack.until(lambda: _home(room, "U0BRUNO"))

    page = (await room.http.get("/client/U0BRUNO/home")).text
    assert "Hello U0BRUNO" in page
    assert await _home(room, "U0ADA") is None


async def _home(room: Room, user: str) -> Json | None:
    home: Json | None = (await room.get(f"views/{user}"))["home"]
    return home


async def test_a_mention_reaches_the_app_and_is_answered_in_the_thread(room: Room) -> None:
    app = room.bolt()

    @app.event("app_mention")
    async def mentioned(event: Json, say: Any) -> None:
        await say(text="Here I am", thread_ts=event["ts"])

    async with slack.connected(room, app):
        await room.say("U0ADA", "@idp where are you? <b>")
        await slack.until(lambda: _said(room, 2))

    question, answer = await room.get("messages")
    assert question["text"] == "<@U0IDPBOT> where are you? &lt;b&gt;"
    assert answer["thread_ts"] == question["ts"]
