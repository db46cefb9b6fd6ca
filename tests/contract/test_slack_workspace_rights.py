"""What the app may do in the workspace: its scopes, the channels it is in, and the ones it cannot see."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import IDP_BOT, SlackApp
from bot.sandbox.slack.manifest import installed
from bot.slack import commands, guide
from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import CURIOUS, Json, Room

MANIFEST = Path(__file__).parents[2] / "docs/slack-app-manifest.yaml"
SECLUDED = replace(CURIOUS, scopes=tuple(s for s in CURIOUS.scopes if s != "chat:write.public"))


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


@pytest.fixture(name="web")
async def _web(room: Room) -> AsyncWebClient:
    return room.web()


async def _refused(call: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    answer: Json = caught.value.response.data
    return answer


def test_the_app_in_the_workspace_is_the_one_of_the_manifest() -> None:
    blank = SlackApp(IDP_BOT.id, "", IDP_BOT.bot_id, IDP_BOT.user_id, IDP_BOT.commands, (), ())

    assert installed(MANIFEST.read_text(), blank) == IDP_BOT


def test_the_list_under_the_slash_offers_what_the_bot_knows_in_the_words_of_its_help() -> None:
    offered = {f"/idp {hint.usage}": hint.description for hint in IDP_BOT.commands[0].hints}
    helped = {
        command.partition(" [")[0]: meaning[0].upper() + meaning[1:]
        for command, meaning in guide._HELP
    }

    assert set(offered) == {f"/idp {word}" for word in commands._SUB_COMMANDS}
    assert helped.items() <= offered.items()


async def test_another_apps_manifest_is_taken_for_good(tmp_path: Path) -> None:
    own = {
        "display_information": {"name": "Lunch"},
        "features": {
            "bot_user": {"display_name": "lunch"},
            "slash_commands": [{"command": "/lunch", "description": "What there is"}],
        },
        "oauth_config": {"scopes": {"bot": ["commands", "channels:read"]}},
    }
    async with slack.a_room(tmp_path, app=IDP_BOT) as room:
        answer = await room.http.post("/sandbox/slack/manifest", json=own)

    async with slack.a_room(tmp_path, app=IDP_BOT) as again:
        assert (await again.web().auth_test())["user"] == "lunch"
        assert (await again.web().conversations_list())["ok"]
        assert (await again.say("U0ADA", "/lunch"))["error"] == "dispatch_failed"
        assert (await again.say("U0ADA", "/idp"))["error"] == "unknown_command"
    assert answer.json()["commands"] == ["/lunch"]


@pytest.mark.parametrize(
    ("manifest", "pointer"),
    [
        ("features: {bot_user: {display_name: x}}", "/display_information/name"),
        ("display_information: {name: " + "x" * 36 + "}", "/display_information/name"),
        ("features: {slash_commands: [{command: lunch}]}", "/features/slash_commands/0/command"),
        ("features: {slash_commands: [/lunch]}", "/features/slash_commands/0/description"),
        ("oauth_config: {scopes: {bot: commands}}", "/oauth_config/scopes/bot"),
        ("{", ""),
    ],
)
async def test_a_manifest_that_slack_would_not_take_is_refused(
    room: Room, manifest: str, pointer: str
) -> None:
    answer = await room.http.post("/sandbox/slack/manifest", content=manifest)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_manifest"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_call_without_its_scope_says_which_one_is_missing(tmp_path: Path) -> None:
    async with slack.a_room(tmp_path, app=IDP_BOT) as room:
        web = room.web()
        listing = await _refused(web.conversations_list())
        team = await _refused(web.team_info())
        described = await web.users_info(user="U0ADA")

    assert (listing["error"], listing["needed"]) == ("missing_scope", "channels:read")
    assert "chat:write" in listing["provided"].split(",")
    assert (team["error"], team["needed"]) == ("missing_scope", "team:read")
    assert described["user"]["profile"]["email"] == "ada@example.com"


async def test_an_address_is_told_only_to_an_app_that_may_know_it(tmp_path: Path) -> None:
    app = replace(IDP_BOT, scopes=("users:read",))
    async with slack.a_room(tmp_path, app=app) as room:
        described = await room.web().users_info(user="U0ADA")
        looked_up = await _refused(room.web().users_lookupByEmail(email="ada@example.com"))

    assert "email" not in described["user"]["profile"]
    assert looked_up["needed"] == "users:read.email"


async def test_without_the_scope_for_public_channels_the_app_speaks_where_it_is_a_member(
    tmp_path: Path,
) -> None:
    async with slack.a_room(tmp_path, app=SECLUDED) as room:
        web = room.web()
        outside = await _refused(web.chat_postMessage(channel="C0RANDOM", text="a"))
        await web.conversations_join(channel="C0RANDOM")
        inside = await web.chat_postMessage(channel="C0RANDOM", text="a")
        await web.conversations_leave(channel="C0RANDOM")
        again = await _refused(web.chat_postMessage(channel="C0RANDOM", text="a"))

    assert (outside["error"], again["error"]) == ("not_in_channel", "not_in_channel")
    assert inside["ok"]


async def test_with_it_the_app_posts_in_each_public_channel_and_still_reads_none(
    web: AsyncWebClient,
) -> None:
    posted = await web.chat_postMessage(channel="C0RANDOM", text="a")
    changed = await web.chat_update(channel="C0RANDOM", ts=str(posted["ts"]), text="b")

    reading = await _refused(web.conversations_history(channel="C0RANDOM"))
    whisper = await _refused(web.chat_postEphemeral(channel="C0RANDOM", user="U0ADA", text="a"))
    nowhere = await _refused(web.chat_postMessage(channel="C0NOWHERE", text="a"))
    assert changed["text"] == "b"
    assert (reading["error"], whisper["error"]) == ("not_in_channel", "not_in_channel")
    assert nowhere["error"] == "channel_not_found"


async def test_a_users_id_stands_for_the_direct_message_with_them(web: AsyncWebClient) -> None:
    direct = (await web.conversations_open(users="U0ADA"))["channel"]["id"]

    assert (await web.chat_postMessage(channel="U0ADA", text="a"))["channel"] == direct
    changing = await _refused(web.chat_update(channel="U0ADA", ts="1.000001", text="b"))
    assert changing["error"] == "channel_not_found"


async def test_a_private_channel_does_not_exist_for_those_outside(
    room: Room, web: AsyncWebClient
) -> None:
    calls = [
        web.chat_postMessage(channel="C0LEADS", text="a"),
        web.conversations_info(channel="C0LEADS"),
        web.conversations_join(channel="C0LEADS"),
    ]

    assert {(await _refused(call))["error"] for call in calls} == {"channel_not_found"}
    assert (await web.conversations_list(types="private_channel"))["channels"] == []
    assert (await room.say("U0BRUNO", "hello?", "C0LEADS"))["error"] == "channel_not_found"
    assert (await room.say("U0ADA", "hello", "C0LEADS"))["ok"]
    assert "leads" not in (await room.http.get("/client/U0BRUNO/C0GENERAL")).text
    assert "leads" in (await room.http.get("/client/U0ADA/C0GENERAL")).text


async def test_an_app_that_takes_no_messages_cannot_be_written_to(tmp_path: Path) -> None:
    async with slack.a_room(tmp_path, app=IDP_BOT) as room:
        direct = (await room.web().conversations_open(users="U0ADA"))["channel"]["id"]
        answer = await room.say("U0ADA", "hello?", direct)
        page = (await room.http.get(f"/client/U0ADA/{direct}")).text

    assert answer["error"] == "restricted_action"
    assert "Sending messages to this app has been turned off." in page


@pytest.mark.parametrize("method", ["files.upload", "files.getUploadURLExternal", "chat.nonsense"])
async def test_what_the_workspace_does_not_serve_is_refused_by_name(
    web: AsyncWebClient, method: str
) -> None:
    answer = await _refused(web.api_call(method))

    assert (answer["error"], answer["req_method"]) == ("unknown_method", method)


async def test_a_topic_is_set_within_its_limit(web: AsyncWebClient) -> None:
    channel = (await web.conversations_setTopic(channel="C0PAYMENTS", topic="Money"))["channel"]
    too_long = await _refused(web.conversations_setTopic(channel="C0PAYMENTS", topic="x" * 251))

    assert channel["topic"]["value"] == "Money"
    assert too_long["error"] == "too_long"
