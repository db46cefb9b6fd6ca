"""The announcer against a Slack workspace: where messages go, that they are found again, and what goes wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.adapters.memory.directory import MemoryDirectory
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import NOWHERE, Job, MessageRef
from bot.domain.notices import Notice, NoticeKind
from bot.domain.request import Visibility
from bot.sandbox.serving import served
from bot.slack.announcer import SlackAnnouncer
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_world import World, buttons_of

CARD = Notice(kind=NoticeKind.CARD)
DONE = Notice(kind=NoticeKind.DONE)
QUESTION = Notice(kind=NoticeKind.QUESTION, about="U0DENIZ")
HELP_WANTED = Notice(kind=NoticeKind.HELP_WANTED, about="1")
LONG_AGO = timedelta(days=365 * 30)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world.workspace(tmp_path) as opened:
        yield opened


@pytest.fixture
def announcer(world: World) -> SlackAnnouncer:
    return an_announcer(world)


def an_announcer(world: World, **client: Any) -> SlackAnnouncer:
    """An announcer that remembers nothing, as in another process."""
    given = {"token": world.slack.bot_token, "base_url": world.slack.api_url, **client}
    return SlackAnnouncer(AsyncWebClient(**given), world.behind.directory)


def since_long(job: Job, channel: str = "C0PAYMENTS") -> Job:
    """A job older than every message of the workspace, whose clock is the machine's."""
    changes = {"created_at": jobs.NOW - LONG_AGO, "channel": channel, "messages": {}}
    return job.model_copy(update=changes)


def with_card(job: Job, card: MessageRef) -> Job:
    return job.model_copy(update={"messages": {"card": card}})


async def test_the_card_is_posted_where_it_was_asked_for(
    world: World, announcer: SlackAnnouncer
) -> None:
    ref = await announcer.post(since_long(jobs.a_job()), CARD)

    (message,) = await world.messages()
    assert (message["channel"], message["ts"]) == (ref.channel, ref.ts) == ("C0PAYMENTS", ref.ts)
    assert message["metadata"] == {
        "event_type": "idp_notice",
        "event_payload": {"job": "k3v9x2ab", "notice": "card"},
    }


async def test_a_card_is_remembered_with_its_address_for_people_also_when_it_is_found_again(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_job())

    card = await announcer.post(job, CARD)

    assert card.permalink.endswith(f"/archives/C0PAYMENTS/p{card.ts.replace('.', '')}")
    assert await an_announcer(world).find(job, CARD) == card


async def test_the_card_is_redrawn_in_place(world: World, announcer: SlackAnnouncer) -> None:
    card = await announcer.post(since_long(jobs.a_job()), CARD)

    await announcer.redraw(jobs.a_done_job(), card)

    (message,) = await world.messages()
    assert message["ts"] == card.ts
    assert "Done in 3 min 5 s" in str(message["blocks"])
    assert message["metadata"]["event_payload"]["notice"] == "card"


async def test_a_card_that_somebody_deleted_needs_not_be_redrawn(
    world: World, announcer: SlackAnnouncer
) -> None:
    card = await announcer.post(since_long(jobs.a_job()), CARD)
    await world.client.chat_delete(channel=card.channel, ts=card.ts)

    await announcer.redraw(jobs.a_done_job(), card)

    assert await world.messages() == []


async def test_replies_hang_in_the_thread_of_the_card(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_done_job())
    card = await announcer.post(job, CARD)

    await announcer.post(with_card(job, card), DONE)

    assert (await world.messages())[-1]["thread_ts"] == card.ts


async def test_a_reply_waits_for_the_card(announcer: SlackAnnouncer) -> None:
    with pytest.raises(TemporaryError):
        await announcer.post(since_long(jobs.a_done_job()), DONE)


async def test_the_platform_team_is_asked_although_the_card_was_refused_for_good(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = with_help(since_long(jobs.a_failed_job()), NOWHERE, channel="")

    posted = await announcer.post(job, HELP_WANTED)

    [message] = await world.messages()
    assert message["ts"] == posted.ts
    assert "The card" not in str(message["blocks"])


async def test_there_is_no_reply_to_a_card_that_was_refused_for_good(
    announcer: SlackAnnouncer,
) -> None:
    job = with_card(since_long(jobs.a_done_job()), NOWHERE)

    with pytest.raises(PermanentError, match="The card could not be posted"):
        await announcer.post(job, DONE)
    with pytest.raises(PermanentError, match="The card could not be posted"):
        await announcer.find(job, DONE)


async def test_what_another_worker_posted_is_found_again(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_done_job())
    card = await announcer.post(job, CARD)
    job = with_card(job, card)
    done = await announcer.post(job, DONE)

    successor = an_announcer(world)

    assert await successor.find(job, CARD) == card
    assert await successor.find(job, DONE) == done


async def test_what_was_not_posted_is_not_found(announcer: SlackAnnouncer) -> None:
    job = since_long(jobs.a_job())
    card = await announcer.post(job, CARD)
    other = job.model_copy(update={"id": "other"})

    assert await announcer.find(other, CARD) is None
    assert await announcer.find(with_card(job, card), DONE) is None


async def test_a_message_is_found_behind_many_others(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_job())
    card = await announcer.post(job, CARD)
    for n in range(120):
        await world.client.chat_postMessage(channel="C0PAYMENTS", text=f"Chatter {n}")

    assert await announcer.find(job, CARD) == card


async def test_where_the_bot_may_not_speak_it_speaks_to_the_requester(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_job(), channel="C0LEADS")

    card = await announcer.post(job, CARD)

    assert card.channel.startswith("D")
    assert await an_announcer(world).find(job, CARD) == card


async def test_what_was_asked_for_in_home_goes_to_a_direct_message(
    announcer: SlackAnnouncer,
) -> None:
    job = since_long(jobs.a_job(), channel="U0ADA")

    card = await announcer.post(job, CARD)

    assert card.channel.startswith("D")
    assert await announcer.find(job, CARD) == card


async def test_the_card_of_a_private_request_is_for_the_requester(
    world: World, announcer: SlackAnnouncer
) -> None:
    request = jobs.an_app_request(visibility=Visibility.PRIVATE)
    job = since_long(jobs.a_job(request=request))

    card = await announcer.post(job, CARD)

    assert card.channel.startswith("D")
    assert await announcer.find(job, CARD) == card


@pytest.mark.parametrize("channel", ["U0DENIZ", "D0DENIZIDPBOT"])
async def test_a_card_goes_into_nobody_elses_direct_messages(
    world: World, announcer: SlackAnnouncer, channel: str
) -> None:
    job = since_long(jobs.a_job(), channel)

    card = await announcer.post(job, CARD)

    assert card.channel == "D0ADAIDPBOT"
    assert await announcer.find(job, CARD) == card


async def test_a_question_to_one_person_is_a_direct_message_and_found_again(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_waiting_for_approval())

    asked = await announcer.post(job, QUESTION)

    (message,) = await world.messages()
    assert message["channel"] == asked.channel == "D0DENIZIDPBOT"
    assert buttons_of(message) == ["Approve", "Deny", "Approve with a note"]
    found = await an_announcer(world).find(job, QUESTION)
    assert found == MessageRef(channel=asked.channel, ts=asked.ts)
    assert await announcer.find(job, Notice(kind=NoticeKind.QUESTION, about="U0ADA")) is None


async def test_a_direct_message_is_rewritten_only_where_it_would_say_something_else(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_waiting_for_approval())
    asked = await announcer.post(job, QUESTION)

    same = await announcer.refresh(job, QUESTION, asked, may_act=True)
    others = await announcer.refresh(job, QUESTION, asked, may_act=False)
    for_others = (await world.messages())[0]
    decided = await announcer.refresh(jobs.a_done_job(), QUESTION, others, may_act=False)

    assert same == asked
    assert "This waits for others now: members of platform." in str(for_others["blocks"])
    assert buttons_of(for_others) == []
    assert len({asked.shows, others.shows, decided.shows}) == 3
    (message,) = await world.messages()
    assert (message["ts"], buttons_of(message)) == (asked.ts, [])
    assert "*Approved* by <@U0DENIZ>" in str(message["blocks"])


async def test_a_direct_message_to_somebody_who_may_not_know_any_more_says_only_that(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_waiting_for_approval())
    asked = await announcer.post(job, QUESTION)

    await announcer.refresh(job, QUESTION, asked, may_act=False, may_see=False)

    (message,) = await world.messages()
    assert message["text"] == "You were asked about a request that does not concern you any more."
    assert [block["type"] for block in message["blocks"]] == ["section"]


async def test_a_direct_message_that_was_deleted_needs_to_say_nothing(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_waiting_for_approval())
    asked = await announcer.post(job, QUESTION)
    await world.client.chat_delete(channel=asked.channel, ts=asked.ts)

    shown = await announcer.refresh(jobs.a_done_job(), QUESTION, asked, may_act=False)

    assert shown == await announcer.refresh(jobs.a_done_job(), QUESTION, shown, may_act=False)


async def test_a_broken_glass_is_told_to_the_whole_channel(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_job_with_broken_glass())
    card = await announcer.post(job, CARD)

    await announcer.post(with_card(job, card), Notice(kind=NoticeKind.GLASS_BROKEN))
    await announcer.post(with_card(job, card), DONE)

    in_channel = (await world.client.conversations_history(channel="C0PAYMENTS"))["messages"]
    assert [m.get("subtype") for m in in_channel] == ["thread_broadcast", None]
    assert in_channel[0]["thread_ts"] == card.ts


async def test_a_refused_token_names_the_setting_and_is_no_end_to_what_has_to_be_told(
    world: World,
) -> None:
    announcer, card = an_announcer(world, token="xoxb-wrong"), MessageRef(channel="C1", ts="1.0")
    job = since_long(jobs.a_job())

    for call in (announcer.post(job, CARD), announcer.find(job, CARD), announcer.redraw(job, card)):
        with pytest.raises(TemporaryError, match="SLACK_BOT_TOKEN"):
            await call


async def test_a_slack_that_cannot_be_reached_is_tried_again_later(world: World) -> None:
    announcer = an_announcer(world, base_url="http://127.0.0.1:9/api/")

    with pytest.raises(TemporaryError, match="Slack could not be reached"):
        await announcer.redraw(jobs.a_job(), MessageRef(channel="C0PAYMENTS", ts="1.0"))


async def test_too_many_messages_are_tried_again_when_slack_wants_it(tmp_path: Path) -> None:
    async with slack_world.workspace(tmp_path, rate_limits=True) as world:
        announcer = an_announcer(world)
        posting = (announcer.post(since_long(jobs.a_job()), CARD) for _ in range(20))
        with pytest.raises(TemporaryError) as caught:
            await asyncio.gather(*posting)

    assert caught.value.retry_after
    assert caught.value.retry_after >= timedelta(seconds=1)


class PublicChannel:
    """A public channel that the app may post to without being a member, and read only as one."""

    def __init__(self, *, refusal: str = "") -> None:
        self.posted: list[dict[str, Any]] = []
        self.has_joined = False
        self.refusal = refusal

    async def post(self, request: Request) -> JSONResponse:
        given = await request.json()
        message = {"ts": f"{len(self.posted) + 1}.000001", "metadata": given["metadata"]}
        self.posted.append(message)
        return JSONResponse({"ok": True, "channel": given["channel"], "ts": message["ts"]})

    async def open(self, _request: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "channel": {"id": "D0ADA"}})

    async def join(self, _request: Request) -> JSONResponse:
        if self.refusal:
            return JSONResponse({"ok": False, "error": self.refusal})
        self.has_joined = True
        return JSONResponse({"ok": True})

    async def history(self, _request: Request) -> JSONResponse:
        if not self.has_joined:
            return JSONResponse({"ok": False, "error": "not_in_channel"})
        return JSONResponse({"ok": True, "messages": self.posted})


@contextlib.asynccontextmanager
async def beside(channel: PublicChannel) -> AsyncIterator[SlackAnnouncer]:
    """An announcer whose only conversation is this one, which is also Ada's own."""
    methods = {
        "chat.postMessage": channel.post,
        "conversations.history": channel.history,
        "conversations.join": channel.join,
        "conversations.open": channel.open,
    }
    routes = [Route(f"/api/{n}", call, methods=["GET", "POST"]) for n, call in methods.items()]
    async with served(Starlette(routes=routes), 0) as port:
        client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
        yield SlackAnnouncer(client, MemoryDirectory(jobs.ADA))


async def test_a_card_in_a_channel_without_the_bot_is_found_by_joining_it() -> None:
    channel = PublicChannel()
    async with beside(channel) as announcer:
        card = await announcer.post(jobs.a_job(), CARD)

        assert not channel.has_joined
        assert await announcer.find(jobs.a_job(), CARD) == card


@pytest.mark.parametrize("passing", ["internal_error", "ratelimited"])
async def test_who_cannot_look_right_now_whether_a_card_is_there_looks_again_later(
    passing: str,
) -> None:
    channel = PublicChannel(refusal=passing)
    async with beside(channel) as announcer:
        await announcer.post(jobs.a_job(), CARD)

        with pytest.raises(TemporaryError, match=passing):
            await announcer.find(jobs.a_job(), CARD)


@pytest.mark.parametrize(
    "for_good", ["is_archived", "method_not_supported_for_channel_type", "missing_scope"]
)
async def test_where_the_bot_may_never_look_nothing_is_found(for_good: str) -> None:
    channel = PublicChannel(refusal=for_good)
    async with beside(channel) as announcer:
        await announcer.post(jobs.a_job(), CARD)

        assert await announcer.find(jobs.a_job(), CARD) is None


def with_help(job: Job, card: MessageRef, *, channel: str) -> Job:
    """A job about which the platform team is asked."""
    asked = jobs.a_failed_job_with_help(channel=channel).help_asked
    return job.model_copy(update={"messages": {"card": card}, "help_asked": asked})


async def test_the_platform_team_is_asked_in_its_channel_and_found_there_again(
    world: World, announcer: SlackAnnouncer
) -> None:
    job = since_long(jobs.a_failed_job())
    job = with_help(job, await announcer.post(job, CARD), channel="C0PLATFORM")

    posted = await announcer.post(job, HELP_WANTED)

    assert posted.channel == "C0PLATFORM"
    assert await an_announcer(world).find(job, HELP_WANTED) == posted
    assert (await world.messages())[-1].get("thread_ts") is None


@pytest.mark.parametrize("channel", ["", "C0LEADS", "C0NOWHERE"])
async def test_without_a_channel_for_the_bot_each_of_the_platform_group_is_asked_once(
    world: World, announcer: SlackAnnouncer, channel: str
) -> None:
    job = since_long(jobs.a_failed_job())
    job = with_help(job, await announcer.post(job, CARD), channel=channel)

    first = await announcer.post(job, HELP_WANTED)
    again = await an_announcer(world).post(job, HELP_WANTED)

    assert first == again
    wanted = [m for m in await world.messages() if "asks the platform team" in str(m["blocks"])]
    assert [message["channel"] for message in wanted] == [first.channel]
    assert first.channel.startswith("D")


async def test_where_nobody_of_the_platform_group_is_in_slack_the_job_goes_on(
    world: World,
) -> None:
    announcer = SlackAnnouncer(world.client, MemoryDirectory(jobs.ADA))
    job = since_long(jobs.a_failed_job())
    card = await announcer.post(job, CARD)

    assert await announcer.post(with_help(job, card, channel=""), HELP_WANTED) == NOWHERE
