"""How the workspace reaches an app through its sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


async def _socket(room: Room, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    web = AsyncWebClient(base_url=room.workspace.api_url)
    opened = await web.apps_connections_open(app_token=room.workspace.app_token)
    socket = await session.ws_connect(opened["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_envelopes_are_shared_out_among_the_sockets(room: Room) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await _socket(room, session) for _ in range(2)]
        types = []
        for socket in sockets:
            typing = asyncio.create_task(room.say("U0ADA", "/idp status"))
            envelope = await _first(sockets)
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            types.append((envelope["type"], (await typing)["ok"]))

    assert types == [("slash_commands", True)] * 2


async def _first(sockets: list[aiohttp.ClientWebSocketResponse]) -> Json:
    """Take the envelope from whichever socket it comes through, and leave the others reading."""
    for socket in sockets:
        with contextlib.suppress(TimeoutError):
            envelope: Json = await socket.receive_json(timeout=0.3)
            return envelope
    raise AssertionError("no envelope came")


async def test_an_envelope_carries_an_answer_in_its_acknowledgement(room: Room) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await _socket(room, session)
        typing = asyncio.create_task(room.say("U0ADA", "/idp help"))
        envelope = await socket.receive_json()
        payload = {"text": "Ask away", "response_type": "in_channel"}
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": payload})
        await typing

    assert envelope["accepts_response_payload"] is True
    assert [message["text"] for message in await room.get("messages")] == ["Ask away"]


async def test_an_unacknowledged_event_comes_again_over_the_socket(room: Room) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await _socket(room, session)
        await room.say("U0ADA", "@idp hello")
        first = await socket.receive_json()
        second = await socket.receive_json(timeout=6)
        await socket.send_json({"envelope_id": second["envelope_id"]})

    assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
    assert second["retry_reason"] == "timeout"
    assert first["payload"]["event_id"] == second["payload"]["event_id"]


async def test_bolt_connects_anew_when_it_is_asked_to(room: Room) -> None:
    app = room.bolt()

    @app.command("/idp")
    async def command(ack: Any) -> None:
        await ack("still here")

    async with slack.connected(room, app):
        await room.http.post("/sandbox/slack/refresh")
        await slack.until(lambda: _answered(room), seconds=15)

    assert "still here" in await room.whispers("U0ADA")


async def _answered(room: Room) -> bool:
    return bool((await room.say("U0ADA", "/idp"))["ok"])


async def test_a_socket_address_works_once(room: Room) -> None:
    web = AsyncWebClient(base_url=room.workspace.api_url)
    opened = await web.apps_connections_open(app_token=room.workspace.app_token)
    async with aiohttp.ClientSession() as session:
        await session.ws_connect(opened["url"])
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_an_app_has_at_most_ten_sockets(room: Room) -> None:
    web = AsyncWebClient(base_url=room.workspace.api_url)
    token = room.workspace.app_token
    async with aiohttp.ClientSession() as session:
        open_ones = []
        for number in range(1, 11):
            url = (await web.apps_connections_open(app_token=token))["url"]
            open_ones.append(await session.ws_connect(url))
            assert (await open_ones[-1].receive_json())["num_connections"] == number
        with pytest.raises(SlackApiError) as caught:
            await web.apps_connections_open(app_token=token)

    assert caught.value.response["error"] == "too_many_websockets"


async def test_the_bots_token_opens_no_socket(room: Room) -> None:
    web = AsyncWebClient(base_url=room.workspace.api_url)

    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await web.apps_connections_open(app_token=room.workspace.bot_token)
