"""A socket on which Slack is not heard any more is found and replaced, however it went deaf."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from prometheus_client import REGISTRY
from pydantic import SecretStr
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.socket import Patience, Socket
from tests.contract.slack_workspace import Room, a_room, until
from tests.wire import LOOPBACK, Wire

SOON = Patience(ping=0.1, connection=0.2, silence=0.4)


@contextlib.asynccontextmanager
async def listening(socket: Socket) -> AsyncIterator[None]:
    task = asyncio.create_task(socket.listen())
    try:
        await until(socket.is_listening)
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(tmp_path) as room:
        yield room


async def test_a_wire_that_was_cut_is_noticed_and_people_are_heard_again(room: Room) -> None:
    bolt, heard = room.bolt(), []

    @bolt.command("/idp")
    async def idp(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        heard.append((body["text"], structlog.contextvars.get_contextvars().get("request")))

    port = int(room.workspace.page.rstrip("/").rpartition(":")[2])
    wire, socket = Wire(port), Socket(bolt, SecretStr(room.workspace.app_token), patience=SOON)
    async with wire.laid() as laid:
        through_the_wire(socket, port, laid)
        async with listening(socket):
            wire.cut()

            await until(lambda: is_deaf(socket))
            await until(socket.is_listening)
            await room.say("U0ADA", "/idp help")
            await until(lambda: has(heard))

    [(text, request)] = heard
    assert text == "help"
    assert request


def through_the_wire(socket: Socket, port: int, laid: int) -> None:
    asked = socket.client.issue_new_wss_url

    async def rerouted() -> str:
        return (await asked()).replace(f":{port}/", f":{laid}/")

    socket.client.issue_new_wss_url = rerouted  # type: ignore[method-assign] # the test lays its own wire


async def is_deaf(socket: Socket) -> bool:
    return not await socket.is_listening()


async def has(heard: list[Any]) -> bool:
    return bool(heard)


@pytest.mark.parametrize("trouble", ["nobody says hello", "nobody answers"])
async def test_a_socket_that_opens_onto_nobody_is_given_up_for_another(trouble: str) -> None:
    opened: list[str] = []
    is_over = asyncio.Event()
    before = REGISTRY.get_sample_value("idp_slack_socket_deaf_total") or 0

    async def connections_open(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link"})

    async def link(request: web.Request) -> web.WebSocketResponse:
        opened.append(trouble)
        if len(opened) == 1 and trouble == "nobody answers":
            await is_over.wait()
            return web.WebSocketResponse()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(opened) > 1:
            await socket.send_json({"type": "hello"})
        async for _ in socket:
            pass
        return socket

    async with served(connections_open, link) as address:
        bolt = AsyncApp(client=AsyncWebClient("xoxb-1", base_url=address), signing_secret="")
        socket = Socket(bolt, SecretStr("xapp-1"), patience=SOON)
        async with listening(socket):
            assert len(opened) == 2
        is_over.set()

    after = REGISTRY.get_sample_value("idp_slack_socket_deaf_total") or 0
    assert after - before == (trouble == "nobody says hello")


@contextlib.asynccontextmanager
async def served(connections_open: Any, link: Any) -> AsyncIterator[str]:
    slack = web.Application()
    slack.router.add_post("/api/apps.connections.open", connections_open)
    slack.router.add_get("/link", link)
    runner = web.AppRunner(slack, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    try:
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()
