"""How the workspace reaches an app over HTTP: signed requests, retries, and response URLs."""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.serving import served
from bot.sandbox.slack.response_urls import ResponseUrls
from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


@contextlib.asynccontextmanager
async def _served(endpoint: Any) -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])
    async with served(app, 0) as port:
        yield f"http://127.0.0.1:{port}/slack/events"


@contextlib.asynccontextmanager
async def _listening(room: Room, endpoint: Any) -> AsyncIterator[str]:
    async def verifying(request: Request) -> Response:
        """Repeat Slack's word, so that the endpoint is asked for the rest alone."""
        if request.headers["content-type"] == "application/json":
            body = await request.json()
            if body["type"] == "url_verification":
                return Response(body["challenge"])
        response: Response = await endpoint(request)
        return response

    async with _served(verifying) as url:
        await room.switch(request_url=url)
        yield url
        await room.switch(request_url="")


async def test_bolt_accepts_the_signed_requests(room: Room) -> None:
    app = room.bolt()
    handler = AsyncSlackRequestHandler(app)

    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=slack.modal())

    @app.view("form")
    async def submit(ack: Any) -> None:
        await ack(response_action="errors", errors={"name": "No."})

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    async with _listening(room, endpoint):
        assert (await room.say("U0ADA", "/idp new-app"))["ok"]
        view = (await slack.until(lambda: room.modals("U0ADA")))[0]
        values = {"name": {"value": "x"}}
        answer = await room.act("U0ADA", "submit", view_id=view["id"], values=values)

    assert answer["errors"] == {"name": "No."}


async def test_the_signature_covers_the_raw_body(room: Room) -> None:
    signed: list[bool] = []

    async def endpoint(request: Request) -> Response:
        stamp = request.headers["x-slack-request-timestamp"]
        base = f"v0:{stamp}:".encode() + await request.body()
        key = room.workspace.signing_secret.encode()
        wanted = "v0=" + hmac.new(key, base, hashlib.sha256).hexdigest()
        signed.append(wanted == request.headers["x-slack-signature"])
        return Response()

    async with _listening(room, endpoint):
        await room.say("U0ADA", "/idp status ü & more")

    assert signed == [True]


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("{challenge}", "text/plain"),
        ('{{"challenge": "{challenge}"}}', "application/json"),
        ("challenge={challenge}", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_request_url_is_used_once_it_repeats_slacks_word(
    room: Room, form: str, kind: str
) -> None:
    async def endpoint(request: Request) -> Response:
        body = await request.json()
        return Response(form.format(challenge=body["challenge"]), media_type=kind)

    async with _served(endpoint) as url:
        answer = await room.http.post("/sandbox/slack/settings", json={"request_url": url})

    assert answer.json()["request_url"] == url


@pytest.mark.parametrize(
    ("status", "why"), [(200, "the value of the challenge parameter"), (500, "status 500")]
)
async def test_a_request_url_that_does_not_is_refused(room: Room, status: int, why: str) -> None:
    async def endpoint(_request: Request) -> Response:
        return Response("hello", status_code=status)

    async with _served(endpoint) as url:
        answer = await room.http.post("/sandbox/slack/settings", json={"request_url": url})
    nobody = await room.http.post("/sandbox/slack/settings", json={"request_url": url})

    assert answer.status_code == 400
    assert why in answer.json()["error"]
    assert "did not answer" in nobody.json()["error"]
    assert (await room.get("settings"))["request_url"] == ""


async def test_an_app_that_fails_over_http_is_told_to_whoever_typed(room: Room) -> None:
    async def endpoint(_request: Request) -> Response:
        return Response(status_code=500)

    async with _listening(room, endpoint):
        answer = await room.say("U0ADA", "/idp")

    assert answer["error"] == "http_error_500"


async def test_an_event_is_sent_again_with_its_number_and_reason(room: Room) -> None:
    headers: list[tuple[str | None, str | None]] = []
    bodies: list[Json] = []

    async def endpoint(request: Request) -> Response:
        names = ("x-slack-retry-num", "x-slack-retry-reason")
        headers.append((request.headers.get(names[0]), request.headers.get(names[1])))
        bodies.append(await request.json())
        return Response(status_code=500 if len(bodies) == 1 else 200)

    async with _listening(room, endpoint):
        await room.say("U0ADA", "@idp hello")
        await slack.until(lambda: asyncio.sleep(0, len(bodies) == 2))

    assert headers == [(None, None), ("1", "http_error_500")]
    assert bodies[0]["event_id"] == bodies[1]["event_id"]


async def test_an_app_can_ask_not_to_be_sent_an_event_again(room: Room) -> None:
    bodies: list[Json] = []

    async def endpoint(request: Request) -> Response:
        bodies.append(await request.json())
        return Response(status_code=500, headers={"X-Slack-No-Retry": "1"})

    async with _listening(room, endpoint):
        await room.say("U0ADA", "@idp hello")
        await slack.until(lambda: asyncio.sleep(0, len(bodies) == 1))
        await asyncio.sleep(0.3)

    assert len(bodies) == 1


def _button_message() -> list[Json]:
    button = {"type": "button", "action_id": "go", "text": slack.plain("Go"), "value": "1"}
    return [{"type": "actions", "block_id": "row", "elements": [button]}]


async def test_a_response_url_answers_replaces_and_deletes_five_times_in_all(room: Room) -> None:
    app = room.bolt()
    urls: list[str] = []

    @app.action("go")
    async def go(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        urls.append(body["response_url"])
        await respond(text="for you alone", replace_original=False)
        await respond(text="replaced", replace_original=True)

    async with slack.connected(room, app):
        blocks = _button_message()
        posted = await room.web().chat_postMessage(channel="C0GENERAL", text="a", blocks=blocks)
        place = {"channel": "C0GENERAL", "ts": posted["ts"]}
        await room.act("U0ADA", "click", **place, block_id="row", action_id="go")
        await slack.until(lambda: _replaced(room))

    statuses = [
        (await room.http.post(urls[0], json=given)).status_code
        for given in ({"text": "3"}, {"text": "4"}, {"delete_original": True}, {"text": "6"})
    ]
    assert statuses == [200, 200, 200, 404]
    assert await room.get("messages") == []
    assert await room.whispers("U0ADA") == ["for you alone", "3", "4"]


async def _replaced(room: Room) -> bool:
    return [message["text"] for message in await room.get("messages")] == ["replaced"]


def test_a_response_url_lasts_half_an_hour() -> None:
    now = [1000.0]
    urls = ResponseUrls(lambda: now[0])
    key = urls.give("U0ADA", "C0GENERAL").rpartition("/")[2]
    now[0] += 30 * 60 + 1

    assert urls.use(key) is None
