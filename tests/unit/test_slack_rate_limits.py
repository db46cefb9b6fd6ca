"""A Slack that wants to be left alone: a moment is waited out, and a long time keeps nobody from a job."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.domain.approval import Verdict
from bot.domain.job import Job, JobState, StepState
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.runner import Runner
from bot.pipeline.telling import UNTOLD_PAUSE
from bot.sandbox.serving import served
from bot.slack.announcer import SlackAnnouncer
from bot.slack.short_waits import ShortWaits
from bot.usecases.decide import decide
from tests.builders import ADA, CHIARA, a_job, an_app_request
from tests.world import World

ANSWERS: dict[str, dict[str, Any]] = {
    "conversations.open": {"channel": {"id": "D1"}},
    "chat.getPermalink": {"permalink": "https://slack.example.com/x"},
}


@dataclass
class Slack:
    """Answers every call, after as many refusals as it has left."""

    retry_after: str = ""
    refusals: int = 0
    calls: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> JSONResponse:
        method = request.path_params["method"]
        self.calls.append(method)
        if self.refusals:
            self.refusals -= 1
            refused = {"ok": False, "error": "ratelimited"}
            return JSONResponse(refused, 429, {"Retry-After": self.retry_after})
        told = ANSWERS.get(method, {"channel": "C0", "ts": f"1.{len(self.calls)}"})
        return JSONResponse({"ok": True, **told})


@pytest.fixture
async def slack() -> Slack:
    return Slack()


@pytest.fixture
async def world(slack: Slack) -> AsyncIterator[World]:
    """A world that is told of in this Slack."""
    api = Starlette(routes=[Route("/api/{method}", slack.answer, methods=["GET", "POST"])])
    async with served(api, 0) as port:
        client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
        client.retry_handlers.append(ShortWaits())
        world = World()
        await world.found_platform()
        world.runner = Runner(
            ports=world.ports,
            pipelines=PIPELINES,
            announcer=SlackAnnouncer(client, world.directory),
            random=lambda low, _: low,
            telemetry=world.telemetry,
        )
        yield world


async def asked(world: World) -> Job:
    job = a_job(request=an_app_request(requester=CHIARA))
    await world.jobs.create(job)
    return job


async def test_a_short_wait_is_waited_out(world: World, slack: Slack) -> None:
    slack.retry_after, slack.refusals = "0", 1

    job = await world.advance(await asked(world))

    assert job.state is JobState.WAITING_APPROVAL
    assert slack.calls[:2] == ["chat.postMessage", "chat.postMessage"]
    assert job.messages["card"]


@pytest.mark.parametrize("wish", ["600", "9" * 5000, "Wed, 21 Oct 2026 07:28:00 GMT", "soon", ""])
async def test_whatever_else_slack_wishes_an_approval_is_acted_on_at_once(
    world: World, slack: Slack, wish: str
) -> None:
    job = await asked(world)
    slack.retry_after, slack.refusals = wish, 1000
    async with asyncio.timeout(10):
        job = await world.advance(job)
        assert job.state is JobState.WAITING_APPROVAL

        reply = await decide(
            job.id, person=ADA, verdict=Verdict.APPROVED, reason="", ports=world.ports
        )
        job = await world.advance(job)

    assert reply.accepted
    assert job.step("create_app_repository").state is StepState.DONE


async def test_while_slack_wants_to_be_left_alone_for_long_it_is_not_asked_again(
    world: World, slack: Slack
) -> None:
    job = await asked(world)
    slack.retry_after, slack.refusals = "600", 1000

    await world.advance(job)

    assert slack.calls == ["chat.postMessage"]
    _, looks_again = world.scheduler.nudges[-1]
    assert looks_again
    assert timedelta(seconds=590) < looks_again - world.now() <= timedelta(seconds=600)


@pytest.mark.parametrize("wish", ["4", "soon"])
async def test_who_could_not_be_told_is_told_after_some_seconds_however_short_the_wish(
    world: World, slack: Slack, wish: str
) -> None:
    job = await asked(world)
    slack.retry_after, slack.refusals = wish, 1000

    await world.advance(job)

    assert world.scheduler.nudges[-1] == (job.id, world.now() + UNTOLD_PAUSE)
