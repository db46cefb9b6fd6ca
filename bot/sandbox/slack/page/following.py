"""Keep an open page fresh: draw what changes for its reader, and send it over a socket."""

import asyncio
import contextlib
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.page import rendering
from bot.sandbox.slack.workspace import Workspace


def route(workspace: Workspace) -> WebSocketRoute:
    """Make the route of the socket that a page opens."""

    async def live(socket: WebSocket) -> None:
        person = workspace.people.get(socket.path_params["user"])
        if person is None:
            await socket.close(code=1008)
            return
        await socket.accept()
        await _follow(workspace, person, socket, socket.query_params.get("window", ""))

    return WebSocketRoute("/client/{user}/live", live)


async def _follow(workspace: Workspace, person: Person, socket: WebSocket, window: str) -> None:
    with workspace.changes.followed() as changes, contextlib.suppress(RuntimeError, OSError):
        sending = asyncio.create_task(_send(workspace, person, socket, window, changes=changes))
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
    window: str,
    *,
    changes: asyncio.Queue[Change | None],
) -> None:
    await socket.send_json({"kind": "hello", "told": workspace.changes.told})
    await socket.send_json(_modal(workspace, person, window))
    while (change := await changes.get()) is not None:
        if change.user in {"", person.id}:
            for frame in _frames(workspace, person, change, window):
                await socket.send_json(frame)
    await socket.close(code=1001)


def _frames(
    workspace: Workspace, person: Person, change: Change, window: str
) -> list[dict[str, Any]]:
    match change.kind:
        case "modal":
            return [_modal(workspace, person, window)]
        case "home":
            return [{"kind": "home", "html": rendering.home(workspace, person)}]
        case "sidebar":
            return [_sidebar(workspace, person)]
        case "message" | "gone":
            return _message_frames(workspace, person, change)


def _modal(workspace: Workspace, person: Person, window: str) -> dict[str, Any]:
    return {"kind": "modal", "html": rendering.modal(workspace, person, window)}


def _sidebar(workspace: Workspace, person: Person) -> dict[str, Any]:
    return {"kind": "sidebar", "html": rendering.sidebar(workspace, person)}


def _message_frames(workspace: Workspace, person: Person, change: Change) -> list[dict[str, Any]]:
    channel = workspace.conversations.channel(change.channel)
    if not channel.is_open_to(person.id):
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
