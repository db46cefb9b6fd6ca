"""Slack's end of the wire: signed requests to the bot's port, and a Web API that takes what Block Kit allows.

Unlike in the workspace, what is sent here need not be anything that Slack's own clients would send.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import time
import traceback
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from bot.domain.job import Job
from bot.sandbox import serving
from bot.sandbox.slack import blockkit
from bot.sandbox.slack.errors import SlackError
from bot.slack import app as slack_app
from bot.slack import http as slack_http
from bot.web import routes
from tests.unit.slack_world import Fakes, fakes

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
WEBHOOK_SECRET = "s3cret"
FORM = "application/x-www-form-urlencoded"
PATIENCE = 10
Json = dict[str, Any]


@dataclass
class WebApi:
    """Slack as the bot calls it: remembers what it was told, and what of it was not in order."""

    told: list[Json] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method}", self._method, methods=["POST"]),
                Route("/response", self._response, methods=["POST"]),
            ]
        )

    async def _method(self, request: Request) -> Response:
        method, given = request.path_params["method"], await _arguments(request)
        self._take(method, given)
        view = {**given.get("view", {}), "id": "V0NEW", "hash": "1"}
        answer = {"ok": True, "view": view, "channel": {"id": "D0NEW"}, "ts": "1.2"}
        if method == "auth.test":
            ids = {"team_id": "T0DEMO", "user_id": "U0BOT", "bot_id": "B0BOT", "team": "Demo"}
            answer |= {**ids, "user": "bot", "url": "https://demo.slack.com/"}
        return JSONResponse(answer)

    async def _response(self, request: Request) -> Response:
        self._take("response_url", await request.json())
        return Response("ok")

    def _take(self, method: str, given: Json) -> None:
        self.told.append({"method": method, **given})
        with self.judging():
            if "view" in given:
                kind = "home" if method == "views.publish" else "modal"
                blockkit.check_view(given["view"], kind=kind)
            elif "blocks" in given or "text" in given:
                known = {k: v for k, v in given.items() if k in {"text", "blocks"}}
                blockkit.check_message(known)

    @contextlib.contextmanager
    def judging(self) -> Any:
        try:
            yield
        except SlackError as refusal:
            self.refused.append(str(refusal.answer()))


async def _arguments(request: Request) -> Json:
    if request.headers["content-type"].startswith("application/json"):
        return dict(await request.json())
    fields = dict(await request.form())
    structured = {"view", "blocks", "metadata"} & set(fields)
    return {**fields, **{name: json.loads(str(fields[name])) for name in structured}}


class Troubles(logging.Handler):
    """What went wrong that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(f"{record.getMessage()} {record.exc_info}")


@dataclass
class Wire:
    """The bot's port on one side, Slack's Web API on the other, and what went wrong in between."""

    http: httpx.AsyncClient
    api: WebApi
    behind: Fakes
    response_url: str
    troubles: Troubles
    number: int = 0

    async def sends(
        self, body: bytes, *, path: str = "/slack/events", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send something, and wait until nothing of it is going on any more."""
        before = asyncio.all_tasks()
        given = signed(body, number=self._next()) if headers is None else headers
        with structlog.testing.capture_logs() as lines:
            async with asyncio.timeout(PATIENCE):
                answer = await self.http.post(path, content=body, headers=dict(given))
                while begun := asyncio.all_tasks() - before:
                    await asyncio.wait(begun)
        self.troubles.found += [_told(line) for line in lines if line["log_level"] == "error"]
        return answer

    async def interacts(self, payload: Mapping[str, Any]) -> httpx.Response:
        """Send an interaction; the answer is held against what Slack takes."""
        answer = await self.sends(urlencode({"payload": json.dumps(payload)}).encode())
        if answer.status_code == httpx.codes.OK:
            with self.api.judging():
                check_answer(payload, answer)
        return answer

    async def commands(self, text: str, *, by: str = "U0ADA") -> httpx.Response:
        fields = {"command": "/idp", "text": text, "user_id": by, "channel_id": "C0PAYMENTS"}
        ways = {"trigger_id": "1.2.3", "response_url": self.response_url}
        return await self.sends(urlencode({**fields, **ways}).encode())

    def press(self, action_id: str, value: str, *, by: str = "U0ADA") -> Json:
        return {
            "type": "block_actions",
            "user": {"id": by},
            "channel": {"id": "C0PAYMENTS"},
            "trigger_id": "1.2.3",
            "response_url": self.response_url,
            "actions": [{"action_id": action_id, "block_id": "b", "value": value}],
        }

    def forget(self) -> None:
        """Begin anew: nobody has asked for anything, nothing was said, nothing went wrong."""
        store = self.behind.jobs
        for kept in (store.jobs, store.events, store.due_at, store.names, store.marks):
            kept.clear()
        for said in (self.behind.audit.entries, self.api.told, self.api.refused):
            said.clear()
        self.troubles.found.clear()

    def _next(self) -> int:
        self.number += 1
        return self.number

    def stored(self, job_id: str) -> Job:
        return self.behind.jobs.jobs[job_id]

    def said(self) -> str:
        """All that anybody was told."""
        return json.dumps(self.api.told, ensure_ascii=False)


def _told(line: Mapping[str, Any]) -> str:
    """A log line, with the calls that led to what went wrong."""
    error = line.get("exc_info")
    calls = traceback.format_exception(error) if isinstance(error, Exception) else ()
    return "".join([str(line), "\n", *calls])


def check_answer(payload: Mapping[str, Any], answer: httpx.Response) -> None:
    """Hold an acknowledgement against what Slack takes.

    Raises:
        SlackError: Slack would show people that something went wrong.
    """
    if payload.get("type") == "block_suggestion":
        blockkit.check_options(answer.json())
        return
    acted = answer.json() if answer.content else {}
    if "view" in acted:
        blockkit.check_view(acted["view"], kind="modal")
    if acted.get("response_action") == "errors":
        shown = {b["block_id"] for b in payload["view"]["blocks"] if b["type"] == "input"}
        if not acted["errors"] or not set(acted["errors"]) <= shown:
            raise SlackError("invalid_arguments", errors=acted["errors"])


def signed(
    body: bytes, *, number: int = 0, secret: str = SECRET, stamp: str = ""
) -> dict[str, str]:
    """As Slack signs; the same body sent again has another stamp, and so another signature.

    Stamps lie three seconds apart, as the clock may go on by one between two sendings.
    """
    stamp = stamp or str(int(time.time()) - 3 * (number % 70))
    told = b"v0:" + stamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()
    return {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Wire]:
    """The bot behind its port, with nobody's job in it yet."""
    api, behind, troubles = WebApi(), fakes(), Troubles()
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: troubles.found.append(str(context))
    )
    logging.getLogger().addHandler(troubles)
    async with serving.served(api.app(), 0) as port:
        slack = f"http://127.0.0.1:{port}"
        client = AsyncWebClient(token="xoxb-1", base_url=f"{slack}/api/")
        bolt = slack_app.build(ports=behind.ports, client=client, signing_secret=SecretStr(SECRET))
        app = routes.build(
            ports=behind.ports,
            webhook_secret=SecretStr(WEBHOOK_SECRET),
            slack=slack_http.endpoint(
                bolt, signing_secret=SecretStr(SECRET), jobs=behind.ports.jobs
            ),
            is_listening=None,
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
            yield Wire(http, api, behind, f"{slack}/response", troubles)
    logging.getLogger().removeHandler(troubles)
