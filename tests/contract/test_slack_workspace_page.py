"""What the page shows: each kind of block, dates on the reader's clock, and what is whose to see."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.slack import Person
from bot.sandbox.slack.page import rendering
from tests.contract import slack_workspace as slack
from tests.contract.slack_blocks import ACCEPTED
from tests.contract.slack_workspace import Json, Room, option, plain, section

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
NOON = datetime(2026, 1, 15, 12, 0, 5, tzinfo=UTC).timestamp()


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="room")
async def _room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path_factory.mktemp("slack")) as room:
        yield room


async def _drawn(room: Room, block: Json, reader: str = "U0ADA") -> str:
    """What a reader gets to see of a message with one block, without its surroundings."""
    web = room.web()
    posted = await web.chat_postMessage(channel="C0PAYMENTS", text="a", blocks=[block])
    page = (await room.http.get(f"/client/{reader}/C0PAYMENTS")).text
    await web.chat_delete(channel="C0PAYMENTS", ts=str(posted["ts"]))
    message = re.search(r"<article.*</article>", page, re.DOTALL)
    assert message
    return message[0]


def _rich(*parts: Json) -> Json:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(parts)}],
    }


def _said(text: str) -> Json:
    return _rich({"type": "text", "text": text})


BUTTON: Json = {"type": "button", "action_id": "go", "text": plain("Go")}
TASK: Json = {
    "task_id": "one",
    "title": "Create the repository",
    "status": "in_progress",
    "details": _said("asking GitLab"),
    "output": _said("created"),
    "sources": [{"type": "url", "url": "https://example.com/a", "text": "hello"}],
}
NUMBER: Json = {"type": "raw_number", "value": 3}
SHOWN: list[tuple[Json, list[str]]] = [
    (section("*bold* <https://example.com|site>"), ["<strong>bold</strong>", ">site</a>"]),
    ({"type": "header", "text": plain("News :tada:")}, ["<h3", "News 🎉"]),
    ({"type": "context", "elements": [plain("by Ada")]}, ["by Ada"]),
    (
        {"type": "markdown", "text": "# Big\n\n- one\n\n`x` **b**\n\n|a|b|\n|-|-|\n|1|2|"},
        ["<h1>Big</h1>", "<li>one</li>", "<code>x</code>", "<strong>b</strong>", "<td>1</td>"],
    ),
    (
        {"type": "plan", "title": "hello", "tasks": [TASK]},
        ['aria-label="In progress"', "asking GitLab", "created", 'href="https://example.com/a"'],
    ),
    ({"type": "task_card", **TASK}, ['aria-label="In progress"', "Create the repository"]),
    (
        {"type": "card", "title": plain("Live"), "body": plain("It answers"), "actions": [BUTTON]},
        ["<h3>Live</h3>", "It answers", 'data-action-id="go"'],
    ),
    (
        {
            "type": "carousel",
            "elements": [
                {"type": "card", "title": plain("One")},
                {"type": "card", "title": plain("Two")},
            ],
        },
        ["<h3>One</h3>", "<h3>Two</h3>"],
    ),
    (
        {
            "type": "table",
            "column_settings": [None, {"align": "right"}],
            "rows": [
                [{"type": "raw_text", "text": "App"}, {"type": "raw_text", "text": "Pods"}],
                [_said("hello"), NUMBER],
            ],
        },
        ['scope="col"', "App", "hello", ">3</td>", 'class="right'],
    ),
    (
        {
            "type": "container",
            "title": plain("Plan"),
            "is_collapsible": True,
            "default_collapsed": True,
            "child_blocks": [section("inside")],
        },
        ["<details", "<summary>", "inside"],
    ),
    (
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "offset": 2,
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "c"}]}
                    ],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a < b"}]},
                {"type": "rich_text_quote", "elements": [{"type": "user", "user_id": "U0ADA"}]},
            ],
        },
        ['<ol start="3"', "<pre>a &lt; b</pre>", "@Ada Okafor", "<blockquote>"],
    ),
    (
        {
            "type": "actions",
            "elements": [
                {**BUTTON, "url": "https://example.com/x"},
                {"type": "overflow", "action_id": "o", "options": [option("More of it")]},
                {"type": "datepicker", "action_id": "d", "initial_date": "2026-01-15"},
                {"type": "static_select", "action_id": "s", "options": [option("web")]},
                {"type": "checkboxes", "action_id": "c", "options": [option("sure")]},
            ],
        },
        ['href="https://example.com/x"', "More of it", 'value="2026-01-15"', "web", "checkbox"],
    ),
]


@pytest.mark.parametrize(("block", "wanted"), SHOWN, ids=[str(b["type"]) for b, _ in SHOWN])
async def test_a_block_is_drawn(room: Room, block: Json, wanted: list[str]) -> None:
    drawn = await _drawn(room, block)

    assert [piece for piece in wanted if piece not in drawn] == []


@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: str(block["type"]))
async def test_whatever_slack_takes_can_be_shown(room: Room, block: Json) -> None:
    assert "message" in await _drawn(room, block)


async def test_an_address_that_would_run_something_leads_nowhere(room: Room) -> None:
    runs = "javascript://%0aalert(1)"
    button = {**BUTTON, "url": runs}
    menu = {
        "type": "overflow",
        "action_id": "o",
        "options": [{"text": plain("Look"), "url": runs}],
    }
    task = {**TASK, "sources": [{"type": "url", "url": runs, "text": "log"}]}

    for block in ({"type": "actions", "elements": [button, menu]}, {"type": "task_card", **task}):
        assert "javascript" not in await _drawn(room, block)


async def test_a_place_that_is_nowhere_is_shown_by_its_id(room: Room) -> None:
    select = {"type": "channels_select", "action_id": "c", "initial_channel": "C0GONE"}

    assert "C0GONE" in await _drawn(room, {"type": "actions", "elements": [select]})


async def test_a_date_is_shown_on_each_readers_own_clock(room: Room) -> None:
    marked = section(f"at <!date^{int(NOON)}^{{date_num}} {{time}}|then>")
    rich = _rich({"type": "date", "timestamp": int(NOON), "format": "{date_num} {time}"})

    for block in (marked, rich):
        london = await _drawn(room, block, "U0ADA")
        istanbul = await _drawn(room, block, "U0DENIZ")
        assert "2026-01-15 12:00" in london
        assert "2026-01-15 15:00" in istanbul


async def test_a_refusal_of_slacks_own_does_not_look_like_the_apps(room: Room) -> None:
    await room.say("U0ADA", "/idb", "C0PLATFORM")

    page = (await room.http.get("/client/U0ADA/C0PLATFORM")).text
    message = page[page.index("<article") :]
    assert "Slackbot" in message
    assert "app-tag" not in message


async def test_a_long_channel_shows_its_latest_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "LATEST", 2)
    async with slack.a_room(tmp_path) as room:
        for text in ("oldest", "older", "newest"):
            await room.say("U0BRUNO", text)
        page = (await room.http.get("/client/U0ADA/C0GENERAL")).text

    assert "1 earlier message is not shown here." in page
    assert ["oldest" in page, "older" in page, "newest" in page] == [False, True, True]


async def test_a_date_that_cannot_be_read_falls_back(room: Room) -> None:
    drawn = await _drawn(room, section("<!date^soon^{date}|in a while>"))

    assert "in a while" in drawn


async def test_the_first_page_tells_who_does_what_and_where(tmp_path: Path) -> None:
    people = (Person("U0ADA", "ada", "Ada Okafor", "a@example.com", "Europe/London", "payments"),)
    async with slack.a_room(tmp_path, people) as room:
        page = (await room.http.get("/")).text
        profile = (await room.web().users_info(user="U0ADA"))["user"]["profile"]

    assert "payments" in page
    assert "London" in page
    assert profile["title"] == "payments"


async def test_an_ephemeral_message_lasts_over_a_reload_but_not_over_a_restart(
    tmp_path: Path,
) -> None:
    async with slack.a_room(tmp_path) as room:
        await room.web().chat_postEphemeral(channel="C0GENERAL", user="U0ADA", text="psst")
        reloaded = (await room.http.get("/client/U0ADA/C0GENERAL")).text
        other = (await room.http.get("/client/U0BRUNO/C0GENERAL")).text

    async with slack.a_room(tmp_path) as again:
        restarted = (await again.http.get("/client/U0ADA/C0GENERAL")).text
    assert "psst" in reloaded
    assert "psst" not in other
    assert "psst" not in restarted
