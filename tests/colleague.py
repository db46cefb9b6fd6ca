"""Somebody who uses the workspace as a person does at its page: types, fills in forms, presses buttons, reads."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

Json = dict[str, Any]
PAUSE = 0.05
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person; everything goes through the workspace, nothing through the bot."""

    http: httpx.AsyncClient
    slack_id: str

    async def act(self, name: str, **given: Any) -> Json:
        answer = await self.http.post(f"/sandbox/slack/as/{self.slack_id}/{name}", json=given)
        told: Json = answer.json()
        return told

    async def say(self, text: str, channel: str = "C0GENERAL") -> Json:
        return await self.act("say", channel=channel, text=text)

    async def open_form(self, command: str) -> Json:
        """Give a command and wait for its modal."""
        before = {view["id"] for view in await self._modals()}
        answer = await self.say(command)
        assert answer["ok"], answer
        return await eventually(lambda: self._new_modal(before))

    async def _modals(self) -> list[Json]:
        answer = await self.http.get(f"/sandbox/slack/views/{self.slack_id}")
        views: list[Json] = answer.json()["modals"]
        return views

    async def _new_modal(self, before: set[str]) -> Json | None:
        return next((view for view in await self._modals() if view["id"] not in before), None)

    async def options(self, view: Json, field: str, typed: str = "") -> list[Json]:
        """What a searching field offers."""
        touch = {"block_id": field, "action_id": element(view, field)["action_id"]}
        answer = await self.act("suggest", view_id=view["id"], **touch, value=typed)
        return [option for group in answer["groups"] for option in group["options"]]

    async def submit(self, view: Json, values: Mapping[str, str]) -> Json:
        """Fill in and press the button; searching fields are searched first, as a person must."""
        typed: dict[str, dict[str, str]] = {}
        for field, value in values.items():
            asked = element(view, field)
            if asked["type"] == "external_select":
                await self.options(view, field, value.rsplit("/", maxsplit=1)[-1])
            typed[field] = {asked["action_id"]: value}
        return await self.act("submit", view_id=view["id"], values=typed)

    async def press(self, message: Json, action_id: str) -> Json:
        """Press a button of a message."""
        for block in message["blocks"]:
            for button in block.get("elements", ()):
                if button.get("action_id") == action_id:
                    place = {"channel": message["channel"], "ts": message["ts"]}
                    touch = {"block_id": block["block_id"], "action_id": action_id}
                    answer = await self.act("click", **place, **touch)
                    assert answer["ok"], answer
                    return answer
        raise AssertionError(f"there is no button {action_id} in {message['text']}")

    async def hears(self, words: str) -> str:
        """Wait for a message that only this person sees and that says these words."""
        return await eventually(lambda: self._whisper(words))

    async def _whisper(self, words: str) -> str | None:
        answer = await self.http.get(f"/sandbox/slack/ephemeral/{self.slack_id}")
        said: list[str] = [message["text"] for message in answer.json()]
        return next((text for text in said if words in text), None)


def element(view: Json, field: str) -> Json:
    """The input element of a field."""
    found: Json = next(b["element"] for b in view["blocks"] if b.get("block_id") == field)
    return found


def has_button(message: Json, action_id: str) -> bool:
    return any(
        button.get("action_id") == action_id
        for block in message["blocks"]
        for button in block.get("elements", ())
    )


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 20) -> T:
    """Look until there is something to see, and hand it on."""
    async with asyncio.timeout(seconds):
        while not (seen := await look()):  # noqa: ASYNC110 it happens behind HTTP
            await asyncio.sleep(PAUSE)
        return seen
