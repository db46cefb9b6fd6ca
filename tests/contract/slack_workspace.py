"""A workspace with a real Bolt app in it, and people who act like the page does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import slack
from bot.sandbox.slack import IDP_BOT, Person, SlackApp, SlackWorkspace
from tests.plain_http import NO_CERTIFICATES

Json = dict[str, Any]
PEOPLE = (
    Person("U0ADA", "ada", "Ada Okafor", "ada@example.com", "Europe/London"),
    Person("U0BRUNO", "bruno", "Bruno Lindt", "bruno@example.com"),
    Person("U0DENIZ", "deniz", "Deniz Kaya", "deniz@example.com", "Europe/Istanbul"),
)

# An app that was granted all that the workspace serves, and listens to all that it tells.
CURIOUS = replace(
    IDP_BOT,
    events=("app_home_opened", "app_mention"),
    scopes=(
        *IDP_BOT.scopes,
        *("channels:read", "channels:manage", "groups:read", "groups:write", "im:read"),
        *("team:read", "app_mentions:read"),
    ),
    takes_messages=True,
)


@dataclass(frozen=True)
class Room:
    """A running workspace, looked at from outside."""

    workspace: SlackWorkspace
    http: httpx.AsyncClient

    def web(self) -> AsyncWebClient:
        """Slack's own client, with the bot's token."""
        return AsyncWebClient(self.workspace.bot_token, base_url=self.workspace.api_url)

    def bolt(self) -> AsyncApp:
        """A Bolt app that is not connected yet."""
        return AsyncApp(signing_secret=self.workspace.signing_secret, client=self.web())

    async def act(self, user: str, name: str, **given: Any) -> Json:
        """Do something as one of the people."""
        response = await self.http.post(f"/sandbox/slack/as/{user}/{name}", json=given)
        answer: Json = response.json()
        return answer

    async def say(self, user: str, text: str, channel: str = "C0GENERAL", **more: Any) -> Json:
        return await self.act(user, "say", channel=channel, text=text, **more)

    async def get(self, path: str) -> Any:
        return (await self.http.get(f"/sandbox/slack/{path}")).json()

    async def whispers(self, user: str) -> list[str]:
        return [message["text"] for message in await self.get(f"ephemeral/{user}")]

    async def modals(self, user: str) -> list[Json]:
        views: list[Json] = (await self.get(f"views/{user}"))["modals"]
        return views

    async def switch(self, **settings: Any) -> None:
        await self.http.post("/sandbox/slack/settings", json=settings)


@contextlib.asynccontextmanager
async def a_room(
    state_dir: Path, people: Sequence[Person] = PEOPLE, *, app: SlackApp = CURIOUS
) -> AsyncIterator[Room]:
    async with (
        slack.serve(port=0, state_dir=state_dir, people=people, app=app) as workspace,
        httpx.AsyncClient(base_url=workspace.page, timeout=10, verify=NO_CERTIFICATES) as http,
    ):
        yield Room(workspace, http)


@contextlib.asynccontextmanager
async def connected(room: Room, app: AsyncApp) -> AsyncIterator[AsyncApp]:
    """Connect a Bolt app in Socket Mode, with Bolt's own handler."""
    handler = AsyncSocketModeHandler(app, room.workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt does not say
    await until(lambda: _is_connected(room))
    try:
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt does not say


async def _is_connected(room: Room) -> bool:
    return bool((await room.get("settings"))["sockets"])


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 5) -> Any:
    """Wait for something to come true, and hand it on."""
    async with asyncio.timeout(seconds):
        while not (value := await condition()):  # noqa: ASYNC110 - it happens behind HTTP
            await asyncio.sleep(0.02)
        return value


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str = "") -> Json:
    return {"text": plain(text), "value": value or text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def text_field(block_id: str, **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": {"type": "plain_text_input", "action_id": "value", **element},
    }


def modal(*blocks: Json, callback_id: str = "form", **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("New application"),
        "submit": plain("Create"),
        "blocks": list(blocks) or [text_field("name")],
        **more,
    }
