"""Socket Mode: apps.connections.open, and the sockets it leads to."""

import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.delivery import MAX_SOCKETS
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import Workspace

ABNORMAL = 1011


class SocketMode:
    """Gives out tickets and answers the sockets that are opened with them."""

    def __init__(self) -> None:
        """Start with no ticket given out."""
        self._tickets: set[str] = set()

    async def connections_open(self, workspace: Workspace, _given: Arguments) -> dict[str, Any]:
        """Answer apps.connections.open with an address that works once."""
        if len(workspace.delivery.sockets) >= MAX_SOCKETS:
            raise SlackError("too_many_websockets")
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        place = urlsplit(workspace.address).netloc
        return {"url": f"ws://{place}/link/?ticket={ticket}&app_id={workspace.app.id}"}

    def route(self, workspace: Workspace) -> WebSocketRoute:
        """Make the route of the sockets."""

        async def link(socket: WebSocket) -> None:
            ticket = socket.query_params.get("ticket", "")
            if ticket not in self._tickets:
                await socket.close(code=1008)
                return
            self._tickets.discard(ticket)
            await socket.accept()
            await _serve(workspace, socket, name=ticket)

        return WebSocketRoute("/link/", link)


async def _serve(workspace: Workspace, socket: WebSocket, *, name: str) -> None:
    sockets = workspace.delivery.sockets
    sockets.add(name, socket.send_text, lambda: socket.close(code=ABNORMAL))
    workspace.changes.tell(Change("sidebar"))
    hello = {
        "type": "hello",
        "num_connections": len(sockets),
        "connection_info": {"app_id": workspace.app.id},
        "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
    }
    try:
        await socket.send_json(hello)
        async for frame in socket.iter_text():
            _acknowledged(workspace, frame)
    except WebSocketDisconnect:
        return
    finally:
        sockets.remove(name)
        workspace.changes.tell(Change("sidebar"))


def _acknowledged(workspace: Workspace, frame: str) -> None:
    try:
        answer = json.loads(frame)
        workspace.delivery.sockets.acknowledged(answer["envelope_id"], answer.get("payload") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # Slack ignores what is not an acknowledgement
