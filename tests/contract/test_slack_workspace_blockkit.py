"""What Slack refuses in blocks, views and messages, with its codes; and what it accepts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import blockkit
from bot.sandbox.slack.errors import SlackError
from tests.contract import slack_workspace as slack
from tests.contract.slack_blocks import (
    ACCEPTED,
    CARD,
    TABLE,
    actions,
    button,
    plan,
    select,
    task,
)
from tests.contract.slack_workspace import Json, modal, option, plain, section, text_field

CONVERSATION: Json = {"type": "conversations_select", "response_url_enabled": True}
REFUSED = [
    (section("a" * 3001), "must be less than 3001 characters", "/blocks/0/text/text"),
    (section(""), "must be more than 0 characters", "/blocks/0/text/text"),
    ({"type": "section"}, "one of text, fields is required", "/blocks/0"),
    ({"type": "sektion"}, "unsupported block type: sektion", "/blocks/0"),
    ({"type": "divider", "wide": True}, "invalid additional property: wide", "/blocks/0"),
    ({"type": "header", "text": plain("a" * 151)}, "less than 151", "/blocks/0/text/text"),
    ({"type": "section", "fields": [plain("a")] * 11}, "no more than 10", "/blocks/0/fields"),
    ({"type": "alert", "text": plain("a")}, "unsupported block type: alert", "/blocks/0"),
    (actions(button(style="default")), "must be one of", "/blocks/0/elements/0/style"),
    (actions(button(text=plain("a" * 76))), "less than 76", "/blocks/0/elements/0/text/text"),
    (actions(button(), button()), "action_id must be unique", "/blocks/0/elements/1/action_id"),
    (actions(select(options=[])), "no fewer than 1", "/blocks/0/elements/0/options"),
    (actions(select(initial_option=option("b"))), "exactly match", "/blocks/0/elements/0"),
    (actions(select(options=[option("a", "v" * 151)])), "less than 151", "/options/0/value"),
    (actions({"type": "plain_text_input"}), "unsupported element type", "/blocks/0/elements/0"),
    (plan(task(status="completed")), "must be one of", "/blocks/0/tasks/0/status"),
    (plan(task(), task()), "task_id must be unique", "/blocks/0/tasks/1/task_id"),
    (plan(*(task(n) for n in range(51))), "no more than 50", "/blocks/0/tasks"),
    (plan(title=plain("a")), "must be a string", "/blocks/0/title"),
    ({**CARD, "body": plain("a" * 201)}, "less than 201", "/blocks/0/body/text"),
    ({"type": "card"}, "is required", "/blocks/0"),
    ({"type": "image", "image_url": "https://a.b/c"}, "required field: alt_text", "/blocks/0"),
    (
        {"type": "container", "title": plain("a"), "child_blocks": [{"type": "markdown"}]},
        "unsupported child block type: markdown",
        "/blocks/0/child_blocks/0",
    ),
    (
        {"type": "section", "text": plain("a"), "accessory": {"type": "datetimepicker"}},
        "unsupported accessory type: datetimepicker",
        "/blocks/0/accessory",
    ),
]


@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: str(block["type"]))
def test_a_block_within_the_limits_is_accepted(block: Json) -> None:
    blockkit.check_message({"blocks": [block]})


@pytest.mark.parametrize(("block", "words", "pointer"), REFUSED)
def test_a_block_beyond_a_limit_is_refused_where_it_stands(
    block: Json, words: str, pointer: str
) -> None:
    with pytest.raises(SlackError, match="invalid_blocks") as caught:
        blockkit.check_message({"blocks": [block]})

    assert words in caught.value.problems[0]
    assert pointer in caught.value.problems[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "no_text"),
        ({"text": "a" * 40_001}, "msg_too_long"),
        ({"markdown_text": "a", "text": "b"}, "markdown_text_conflict"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "divider", "block_id": "a"}] * 2}, "invalid_blocks"),
        ({"blocks": [plan(task()), {"type": "task_card", **task()}]}, "invalid_blocks"),
        ({"blocks": [TABLE, TABLE]}, "invalid_blocks"),
        ({"blocks": [section("a" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "a", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"attachments": [{"blocks": [{"type": "nothing"}]}]}, "invalid_blocks"),
    ],
)
def test_a_message_is_refused_with_slacks_own_code(content: Json, code: str) -> None:
    with pytest.raises(SlackError) as caught:
        blockkit.check_message(content)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (modal(title=plain("a" * 25)), "less than 25"),
        (modal(submit=None), "missing required field: submit"),
        (modal(private_metadata="a" * 3001), "less than 3001"),
        (modal(*[section("a")] * 101), "no more than 100"),
        (modal(blocks=[]), "no fewer than 1"),
        (modal(id="V1"), "invalid additional property: id"),
        (modal(plan()), "unsupported block type: plan"),
        (modal(text_field("a"), text_field("a")), "block_id must be unique"),
        (modal(text_field("a", max_length=3001)), "between 1 and 3000"),
        (modal(text_field("a", max_length=2, initial_value="abc")), "less than 3"),
        (
            modal(text_field("a", focus_on_load=True), text_field("b", focus_on_load=True)),
            "only one",
        ),
        (modal(actions({**CONVERSATION, "action_id": "a"})), "only for input blocks in modals"),
        ({"type": "home", "blocks": [section("a")]}, "must be one of: modal"),
    ],
)
def test_a_modal_beyond_a_limit_is_refused(view: Json, words: str) -> None:
    with pytest.raises(SlackError, match="invalid_arguments") as caught:
        blockkit.check_view(view, kind="modal")

    assert words in " ".join(caught.value.problems)


def test_a_modals_input_may_ask_for_a_response_url_and_a_messages_may_not() -> None:
    field = {**text_field("a"), "element": CONVERSATION}

    blockkit.check_view(modal(field), kind="modal")
    with pytest.raises(SlackError, match="invalid_blocks"):
        blockkit.check_message({"blocks": [field]})


def test_a_modal_may_hold_an_alert() -> None:
    blockkit.check_view(modal({"type": "alert", "text": plain("a"), "level": "info"}), kind="modal")


@pytest.mark.parametrize(
    "answer",
    [
        {"options": [option(str(n)) for n in range(101)]},
        {"options": [], "option_groups": []},
        {},
        {"options": [{"text": {"type": "mrkdwn", "text": "a"}, "value": "a"}]},
    ],
)
def test_options_that_slack_would_not_show_are_refused(answer: Json) -> None:
    with pytest.raises(SlackError, match="invalid_arguments"):
        blockkit.check_options(answer)


@pytest.fixture(name="web")
async def _web(tmp_path: Path) -> AsyncIterator[AsyncWebClient]:
    async with slack.a_room(tmp_path) as room:
        yield room.web()


async def test_posting_malformed_blocks_tells_where_the_fault_is(web: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel="C0GENERAL", text="a", blocks=[section("")])

    said = caught.value.response["response_metadata"]["messages"]
    assert caught.value.response["error"] == "invalid_blocks"
    assert said == ["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"]


async def test_blocks_validate_lists_every_fault_and_changes_nothing(web: AsyncWebClient) -> None:
    blocks = [{"type": "header", "text": plain("a" * 151)}, {"type": "nothing"}]

    with pytest.raises(SlackApiError) as caught:
        await web.api_call("blocks.validate", json={"blocks": blocks})
    errors = caught.value.response["errors"]
    assert caught.value.response["error"] == "invalid_blocks"
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/0/text/text", "too_long"),
        ("/1", "unsupported_type"),
    ]
    assert (await web.api_call("blocks.validate", json={"view": modal()}))["ok"]
