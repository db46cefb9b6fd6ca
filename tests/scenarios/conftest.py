"""The real bot in this process, on the platform in a box in another one, with an empty Redis for every test."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import app
from bot.adapters.loopback import free_port
from bot.domain.job import Job
from bot.settings import Settings, read_settings
from tests.boxed import Json, variables
from tests.colleague import Colleague, eventually
from tests.ends import is_over
from tests.plain_http import NO_CERTIFICATES


@dataclass(frozen=True)
class Office:
    """The bot at work, and the workspace that people meet it in."""

    bot: app.Bot
    box: Json
    http: httpx.AsyncClient
    worker: asyncio.Task[None]

    def colleague(self, name: str) -> Colleague:
        return Colleague(self.http, f"U0{name.upper()}")

    async def messages(self, job: Job) -> list[Json]:
        """The card of a job and the replies in its thread."""
        said = (await self.http.get("/sandbox/slack/messages")).json()
        about = [m for m in said if _job_of(m) == job.id]
        return sorted(about, key=lambda message: str(message["ts"]))

    async def card(self, job: Job) -> Json:
        return await eventually(lambda: self._first(job))

    async def _first(self, job: Job) -> Json | None:
        return next(iter(await self.messages(job)), None)

    async def notice(self, job: Job, key: str) -> Json:
        """A message about a job by its notice's key, once it is there."""

        async def look() -> Json | None:
            said = await self.messages(job)
            return next((m for m in said if _note_of(m).get("notice") == key), None)

        return await eventually(look)

    async def job_named(self, name: str) -> Job:
        """The newest job that makes something of this name."""

        async def look() -> Job | None:
            jobs = await self.bot.ports.jobs.recent()
            return next((job for job in jobs if job.request.name == name), None)

        return await eventually(look)

    async def job_when(self, job: Job, seconds: float = 60, **wanted: Any) -> Job:
        """The job once it has these values, and once everybody knows if it has ended."""

        async def look() -> Job | None:
            now = await self.bot.ports.jobs.load(job.id)
            if not now or (now.state.is_end and not is_over(now)):
                return None
            return (
                now if all(getattr(now, name) == value for name, value in wanted.items()) else None
            )

        return await eventually(look, seconds)


def _job_of(message: Json) -> str:
    return str(_note_of(message).get("job", ""))


def _note_of(message: Json) -> Json:
    metadata = message.get("metadata") or {}
    note: Json = metadata.get("event_payload", {})
    return note


@pytest.fixture
async def office(
    box: Json, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The bot, listening at Slack's socket and working until the test is over."""
    env = variables(box, redis_url=redis_url, state=tmp_path, http_port=free_port())
    async with _at_work(box, env, monkeypatch) as office:
        yield office


@pytest.fixture
async def office_with_webhooks(
    box: Json, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The same at an address that GitLab is told of."""
    env = variables(box, redis_url=redis_url, state=tmp_path, http_port=free_port())
    env["IDP_PUBLIC_URL"] = f"http://127.0.0.1:{env['IDP_HTTP_PORT']}"
    env["GITLAB_WEBHOOK_SECRET"] = "sandbox-webhook-secret"
    async with _at_work(box, env, monkeypatch) as office:
        yield office


@pytest.fixture
async def office_with_break_glass(
    box: Json, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The same with a rule by which the payments team may do without the platform group's approval of a system."""
    env = variables(box, redis_url=redis_url, state=tmp_path, http_port=free_port())
    rule = {
        "name": "New systems",
        "reason": "Every team sees it.",
        "stages": [{"groups": "$platform"}],
        "break_glass": {
            "groups": "payments",
            "review": {"groups": "$platform", "within": "P1D"},
        },
    }
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"rules": [rule]}))
    env["IDP_POLICY_FILE"] = str(policy)
    async with _at_work(box, env, monkeypatch) as office:
        yield office


@pytest.fixture
async def office_over_http(
    box: Json, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The same without an app token: Slack calls the bot, and signs what it says."""
    env = variables(box, redis_url=redis_url, state=tmp_path, http_port=free_port())
    del env["SLACK_APP_TOKEN"]
    env["SLACK_SIGNING_SECRET"] = box["slack"]["signing_secret"]
    async with _at_work(box, env, monkeypatch) as office:
        settings = "/sandbox/slack/settings"
        called = f"http://127.0.0.1:{env['IDP_HTTP_PORT']}/slack/events"
        await office.http.post(settings, json={"request_url": called})
        yield office
        await office.http.post(settings, json={"request_url": ""})


@contextlib.asynccontextmanager
async def _at_work(
    box: Json, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    async with (
        app.opened(read_settings(Settings), listens=True) as bot,
        app.serving(bot),
        httpx.AsyncClient(base_url=box["page"], timeout=20, verify=NO_CERTIFICATES) as http,
    ):
        listener = asyncio.create_task(app.run_slack(bot))
        worker = asyncio.create_task(app.run_worker(bot))
        await eventually(lambda: _is_ready(env["IDP_HTTP_PORT"], http))
        yield Office(bot, box, http, worker)
        bot.runner.stop()
        for task in (listener, worker):
            await ended(task)


async def ended(task: asyncio.Task[None]) -> None:
    """Stop a part of the bot."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _is_ready(port: str, http: httpx.AsyncClient) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await http.get(f"http://127.0.0.1:{port}/readyz")).is_success
    return False
