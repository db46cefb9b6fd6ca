"""Serve the page, its parts, and the socket that keeps it fresh."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.page import rendering
from bot.sandbox.slack.workspace import GENERAL, Workspace

HOME = "home"
STATIC = Path(__file__).with_name("static")
TS_DIGITS = 6


def routes(workspace: Workspace) -> list[BaseRoute]:
    """Make the routes of the page."""

    async def welcome(_request: Request) -> Response:
        return HTMLResponse(rendering.welcome(workspace))

    async def client(request: Request) -> Response:
        try:
            person = workspace.person(request.path_params["user"])
            return HTMLResponse(_client(workspace, person, request))
        except SlackError as refusal:
            return PlainTextResponse(f"There is nothing here: {refusal.code}", status_code=404)

    async def direct(request: Request) -> Response:
        user, other = request.path_params["user"], request.path_params["other"]
        channel = workspace.conversations.direct(user, other)
        return RedirectResponse(f"/client/{user}/{channel.id}", status_code=303)

    async def permalink(request: Request) -> Response:
        user = request.query_params.get("as") or next(iter(workspace.people))
        digits = request.path_params["digits"].lstrip("p")
        ts = f"{digits[:-TS_DIGITS]}.{digits[-TS_DIGITS:]}"
        thread = request.query_params.get("thread_ts", ts)
        channel = request.path_params["channel"]
        return RedirectResponse(f"/client/{user}/{channel}?thread={thread}", status_code=303)

    async def live(socket: WebSocket) -> None:
        person = workspace.people.get(socket.path_params["user"])
        if person is None:
            await socket.close(code=1008)
            return
        await socket.accept()
        await _follow(workspace, person, socket)

    return [
        Route("/", welcome),
        Route("/client/{user}/with/{other}", direct),
        WebSocketRoute("/client/{user}/live", live),
        Route("/client/{user}/{place}", client),
        Route("/archives/{channel}/{digits}", permalink),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _client(workspace: Workspace, person: Person, request: Request) -> str:
    place = request.path_params["place"]
    if place == HOME:
        return rendering.client(workspace, person, channel=None)
    channel = workspace.conversations.channel(place)
    if channel.is_im and person.id not in channel.members:
        channel = workspace.conversations.channel(GENERAL)
    workspace.conversations.mark_read(channel.id, person.id)
    thread_ts = request.query_params.get("thread", "")
    return rendering.client(workspace, person, channel=channel, thread_ts=thread_ts)


async def _follow(workspace: Workspace, person: Person, socket: WebSocket) -> None:
    with workspace.changes.followed() as changes, contextlib.suppress(RuntimeError, OSError):
        sending = asyncio.create_task(_send(workspace, person, socket, changes))
        try:
            async for _ in socket.iter_text():
                pass  # the page only listens; reading is how its end is noticed
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, RuntimeError, OSError):
                await sending


async def _send(
    workspace: Workspace,
    person: Person,
    socket: WebSocket,
    changes: asyncio.Queue[Change | None],
) -> None:
    await socket.send_json({"kind": "hello", "told": workspace.changes.told})
    while (change := await changes.get()) is not None:
        if change.user in {"", person.id}:
            for frame in _frames(workspace, person, change):
                await socket.send_json(frame)
    await socket.close(code=1001)


def _frames(workspace: Workspace, person: Person, change: Change) -> list[dict[str, Any]]:
    match change.kind:
        case "modal":
            return [{"kind": "modal", "html": rendering.modal(workspace, person)}]
        case "home":
            return [{"kind": "home", "html": rendering.home(workspace, person)}]
        case "sidebar":
            return [_sidebar(workspace, person)]
        case "message" | "gone":
            return _message_frames(workspace, person, change)
        case _:
            return []


def _sidebar(workspace: Workspace, person: Person) -> dict[str, Any]:
    return {"kind": "sidebar", "html": rendering.sidebar(workspace, person)}


def _message_frames(workspace: Workspace, person: Person, change: Change) -> list[dict[str, Any]]:
    channel = workspace.conversations.channel(change.channel)
    if channel.is_im and person.id not in channel.members:
        return []
    place = {"channel": change.channel, "ts": change.ts, "thread_ts": change.thread_ts}
    frames = [{"kind": change.kind, **place, "html": _drawn(workspace, person, change, change.ts)}]
    if change.thread_ts and change.thread_ts != change.ts:
        root = {"channel": change.channel, "ts": change.thread_ts, "thread_ts": ""}
        html = _drawn(workspace, person, change, change.thread_ts)
        frames.append({"kind": "message", **root, "html": html})
    return [*frames, _sidebar(workspace, person)]


def _drawn(workspace: Workspace, person: Person, change: Change, ts: str) -> str:
    try:
        said = workspace.conversations.seen_by(person.id, change.channel, ts)
    except SlackError:
        return ""  # deleted in the meantime
    return rendering.message(workspace, person, said)
