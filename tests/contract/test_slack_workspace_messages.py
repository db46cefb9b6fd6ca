"""chat.*, conversations.*, users.*: what slack_sdk may rely on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeGuard

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room

GENERAL = "C0GENERAL"
METADATA = {"event_type": "job_created", "event_payload": {"job": "j-1"}}


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


@pytest.fixture(name="web")
def _web(room: Room) -> AsyncWebClient:
    return room.web()


def _refusal(caught: pytest.ExceptionInfo[SlackApiError]) -> str:
    error: str = caught.value.response["error"]
    return error


async def test_the_token_says_who_the_bot_is_and_what_it_may(web: AsyncWebClient) -> None:
    answer = await web.auth_test()

    assert (answer["user_id"], answer["team_id"]) == ("U0IDPBOT", "T0DEMO")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_a_wrong_token_and_an_unknown_method_are_refused(room: Room) -> None:
    stranger = AsyncWebClient("xoxb-wrong", base_url=room.workspace.api_url)

    with pytest.raises(SlackApiError) as wrong:
        await stranger.auth_test()
    with pytest.raises(SlackApiError) as unknown:
        await room.web().api_call("chat.shout")
    assert _refusal(wrong) == "invalid_auth"
    assert _refusal(unknown) == "unknown_method"


async def test_a_text_only_update_takes_the_blocks_away(web: AsyncWebClient) -> None:
    posted = await web.chat_postMessage(channel=GENERAL, text="a", blocks=[slack.section("a")])
    await web.chat_update(channel=GENERAL, ts=str(posted["ts"]), text="b")

    message = (await web.conversations_history(channel=GENERAL))["messages"][0]
    assert (message["text"], "blocks" in message) == ("b", False)
    assert message["edited"]["user"] == "U0IDPBOT"


async def test_an_update_with_blocks_leaves_no_mark_of_editing(web: AsyncWebClient) -> None:
    posted = await web.chat_postMessage(channel=GENERAL, text="a", metadata=METADATA)
    blocks = [slack.section("b")]
    changed = await web.chat_update(channel=GENERAL, ts=posted["ts"], text="b", blocks=blocks)

    assert "edited" not in changed["message"]
    assert changed["message"]["metadata"] == METADATA


async def test_only_the_apps_own_messages_can_be_changed(room: Room, web: AsyncWebClient) -> None:
    await room.say("U0ADA", "mine")
    ts = (await room.get("messages"))[0]["ts"]

    with pytest.raises(SlackApiError) as update:
        await web.chat_update(channel=GENERAL, ts=ts, text="yours")
    with pytest.raises(SlackApiError) as delete:
        await web.chat_delete(channel=GENERAL, ts=ts)
    assert (_refusal(update), _refusal(delete)) == ("cant_update_message", "cant_delete_message")


async def test_metadata_is_told_only_to_those_who_ask(web: AsyncWebClient) -> None:
    await web.chat_postMessage(channel=GENERAL, text="a", metadata=METADATA)

    without = await web.conversations_history(channel=GENERAL)
    with_it = await web.conversations_history(channel=GENERAL, include_all_metadata=True)
    assert "metadata" not in without["messages"][0]
    assert with_it["messages"][0]["metadata"] == METADATA


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"event_type": "job"}, "invalid_metadata_format"),
        ({"event_type": "a job", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "job", "event_payload": {"id": None}}, "invalid_metadata_schema"),
    ],
)
async def test_malformed_metadata_is_refused(
    web: AsyncWebClient, metadata: Json, code: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=GENERAL, text="a", metadata=metadata)

    assert _refusal(caught) == code


async def test_a_thread_is_told_with_its_root_and_counted_in_the_channel(
    web: AsyncWebClient,
) -> None:
    root = await web.chat_postMessage(channel=GENERAL, text="root")
    await web.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root["ts"])

    history = (await web.conversations_history(channel=GENERAL))["messages"]
    replies = (await web.conversations_replies(channel=GENERAL, ts=str(root["ts"])))["messages"]
    assert [message["reply_count"] for message in history] == [1]
    assert [message["text"] for message in replies] == ["root", "reply"]


async def test_a_reply_that_is_broadcast_stands_in_the_thread_and_in_the_channel(
    web: AsyncWebClient,
) -> None:
    root = await web.chat_postMessage(channel=GENERAL, text="root")
    ts = str(root["ts"])
    await web.chat_postMessage(channel=GENERAL, thread_ts=ts, text="quiet")
    loud = await web.chat_postMessage(
        channel=GENERAL, thread_ts=ts, text="loud", reply_broadcast=True
    )
    await web.chat_postMessage(channel=GENERAL, text="alone", reply_broadcast=True)

    channel = (await web.conversations_history(channel=GENERAL))["messages"]
    replies = (await web.conversations_replies(channel=GENERAL, ts=ts))["messages"]

    assert [m["text"] for m in channel] == ["alone", "loud", "root"]
    assert [m["text"] for m in replies] == ["root", "quiet", "loud"]
    assert [m.get("subtype") for m in channel] == [None, "thread_broadcast", None]
    assert loud["message"]["thread_ts"] == root["ts"]


async def test_a_reply_needs_a_message_to_hang_on(web: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=GENERAL, text="a", thread_ts="1700000000.000100")

    assert _refusal(caught) == "thread_not_found"


async def test_history_comes_newest_first_in_pages(web: AsyncWebClient) -> None:
    for number in range(3):
        await web.chat_postMessage(channel=GENERAL, text=str(number))

    first = await web.conversations_history(channel=GENERAL, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await web.conversations_history(channel=GENERAL, limit=2, cursor=cursor)
    assert [message["text"] for message in first["messages"]] == ["2", "1"]
    assert [message["text"] for message in rest["messages"]] == ["0"]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_an_ephemeral_message_is_for_one_reader_alone(
    room: Room, web: AsyncWebClient
) -> None:
    await web.chat_postEphemeral(channel=GENERAL, user="U0ADA", text="psst")

    assert await room.whispers("U0ADA") == ["psst"]
    assert "psst" in (await room.http.get("/client/U0ADA/C0GENERAL")).text
    assert "psst" not in (await room.http.get("/client/U0BRUNO/C0GENERAL")).text
    assert (await web.conversations_history(channel=GENERAL))["messages"] == []


async def test_what_two_people_say_to_each_other_is_not_for_the_app(
    room: Room, web: AsyncWebClient
) -> None:
    await room.http.get("/client/U0ADA/with/U0BRUNO")

    with pytest.raises(SlackApiError) as caught:
        await web.conversations_history(channel="D0ADABRUNO")
    assert _refusal(caught) == "channel_not_found"


async def test_people_are_found_with_their_time_zone(web: AsyncWebClient) -> None:
    found = await web.users_lookupByEmail(email="DENIZ@example.com")
    told = await web.users_info(user=found["user"]["id"])

    assert (told["user"]["name"], told["user"]["tz"]) == ("deniz", "Europe/Istanbul")
    assert told["user"]["tz_offset"] == 3 * 3600
    assert [member["id"] for member in (await web.users_list())["members"]][-1] == "U0IDPBOT"


async def test_channels_are_listed_described_and_made(web: AsyncWebClient) -> None:
    made = (await web.conversations_create(name="incidents"))["channel"]

    names = [channel["name"] for channel in (await web.conversations_list())["channels"]]
    assert names == ["general", "payments", "platform", "random", "incidents"]
    assert (await web.conversations_info(channel=made["id"]))["channel"]["is_member"]
    assert (await web.conversations_members(channel=made["id"]))["members"] == ["U0IDPBOT"]
    with pytest.raises(SlackApiError) as taken:
        await web.conversations_create(name="incidents")
    assert _refusal(taken) == "name_taken"


async def test_a_permalink_leads_to_the_message_on_the_page(
    room: Room, web: AsyncWebClient
) -> None:
    posted = await web.chat_postMessage(channel=GENERAL, text="look here")
    link = await web.chat_getPermalink(channel=GENERAL, message_ts=str(posted["ts"]))

    page = await room.http.get(link["permalink"], follow_redirects=True)
    assert page.status_code == 200
    assert "look here" in page.text


async def test_posting_faster_than_once_a_second_meets_a_limit_that_can_be_waited_out(
    room: Room, web: AsyncWebClient
) -> None:
    await room.switch(rate_limits=True)
    burst = [web.chat_postMessage(channel=GENERAL, text=str(number)) for number in range(12)]
    refused = [e for e in await asyncio.gather(*burst, return_exceptions=True) if _is_error(e)]

    web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
    assert (await web.chat_postMessage(channel=GENERAL, text="patient"))["ok"]
    assert (await web.chat_postMessage(channel="C0PAYMENTS", text="elsewhere"))["ok"]
    assert {error.response.status_code for error in refused} == {429}
    assert {error.response.headers["Retry-After"] for error in refused} == {"1"}
    assert len(await room.get("messages")) == 12 - len(refused) + 2


def _is_error(answer: object) -> TypeGuard[SlackApiError]:
    return isinstance(answer, SlackApiError)


async def test_a_workspace_that_starts_again_goes_on_where_it_was(tmp_path: Path) -> None:
    async with slack.a_room(tmp_path / "kept") as room:
        posted = await room.web().chat_postMessage(channel=GENERAL, text="kept")
        home = {"type": "home", "blocks": [slack.section("kept too")]}
        await room.web().views_publish(user_id="U0ADA", view=home)
        token = room.workspace.bot_token

    async with slack.a_room(tmp_path / "kept") as room:
        message = (await room.get("messages"))[0]
        later = await room.web().chat_postMessage(channel=GENERAL, text="later")
        shown = (await room.get("views/U0ADA"))["home"]

    assert room.workspace.bot_token == token
    assert (message["ts"], message["text"]) == (posted["ts"], "kept")
    assert str(later["ts"]) > str(posted["ts"])
    assert shown["blocks"][0]["text"]["text"] == "kept too"


SERVER = """
import asyncio, pathlib, sys
from tests.contract import slack_workspace as slack

async def main():
    async with slack.a_room(pathlib.Path(sys.argv[1])) as room:
        print(room.workspace.api_url, room.workspace.bot_token, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_what_was_answered_survives_a_killed_process(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    api_url, token = (await process.stdout.readline()).decode().split()
    web = AsyncWebClient(token, base_url=api_url)
    posted = [await web.chat_postMessage(channel=GENERAL, text=str(n)) for n in range(20)]
    process.kill()
    await process.wait()

    async with slack.a_room(tmp_path) as room:
        kept = [message["ts"] for message in await room.get("messages")]
    assert kept == [answer["ts"] for answer in posted]
