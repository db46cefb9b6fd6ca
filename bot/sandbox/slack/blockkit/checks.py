"""Check whole messages, views and option lists, and refuse them with Slack's error codes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit import surfaces
from bot.sandbox.slack.blockkit.grammar import (
    Check,
    Found,
    Problem,
    anything,
    array,
    boolean,
    exactly_one,
    one_of,
    shape,
    string,
    together,
    typed,
)
from bot.sandbox.slack.blockkit.texts import OPTION, OPTION_GROUP, plain
from bot.sandbox.slack.elements import elements_of
from bot.sandbox.slack.errors import SlackError

MAX_MESSAGE_TEXT = 40_000
MAX_MARKDOWN = 12_000
MAX_BLOCKS_JSON = 13_200
MAX_ATTACHMENTS = 100


def _message_rules(value: Any, at: str) -> Found:
    kinds = [block["type"] for block in value]
    if "plan" in kinds and "task_card" in kinds:
        yield Problem(at, "not_allowed", "plan and task_card cannot be in one message")
    if kinds.count("table") > 1:
        yield Problem(at, "not_allowed", "only one table is allowed in a message")
    markdown = sum(len(block["text"]) for block in value if block["type"] == "markdown")
    if markdown > MAX_MARKDOWN:
        yield Problem(at, "too_long", f"markdown must be less than {MAX_MARKDOWN + 1} characters")


def _no_response_urls(value: Any, at: str) -> Found:
    if any(element.get("response_url_enabled") for element in _elements(value)):
        yield Problem(at, "not_allowed", "response_url_enabled is only for input blocks in modals")


MESSAGE_BLOCKS = together(surfaces.on("message", 50), _message_rules, _no_response_urls)


def _one_focus(value: Any, at: str) -> Found:
    focused = [e for e in _elements(value["blocks"]) if e.get("focus_on_load")]
    if len(focused) > 1:
        yield Problem(f"{at}/blocks", "not_allowed", "only one element may have focus_on_load")


def _elements(blocks: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield all interactive elements; they may still be without an id."""
    for block in blocks:
        yield from elements_of(block)
        yield from _elements(block.get("child_blocks", []))


def _response_urls_of_inputs(value: Any, at: str) -> Found:
    others = [block for block in value["blocks"] if block["type"] != "input"]
    yield from _no_response_urls(others, f"{at}/blocks")


def _submittable(value: Any, at: str) -> Found:
    if not value.get("submit") and any(b["type"] == "input" for b in value["blocks"]):
        yield Problem(f"{at}/submit", "missing_field", "missing required field: submit")


SHARED = {
    "private_metadata": string(0, 3000),
    "callback_id": string(0, 255),
    "external_id": string(0, 255),
}
VIEWS: dict[str, Check] = {
    "modal": typed(
        "modal",
        {"title": plain(24), "blocks": surfaces.on("modal", 100)},
        {
            **SHARED,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
        rules=(_submittable, _one_focus, _response_urls_of_inputs),
    ),
    "home": typed(
        "home",
        {"blocks": together(surfaces.on("home", 100), _no_response_urls)},
        SHARED,
        rules=(_one_focus,),
    ),
}
OPTIONS = shape(
    may={"options": array(OPTION, 0, 100), "option_groups": array(OPTION_GROUP, 0, 100)},
    rules=(exactly_one("options", "option_groups"),),
)


def check_view(view: Any, *, kind: str) -> None:
    """Check a view for the surface that it is meant for.

    Raises:
        SlackError: invalid_arguments.
    """
    found = list(VIEWS[kind](view, "/view"))
    if found:
        raise SlackError("invalid_arguments", problems=[problem.sentence() for problem in found])


def check_options(answer: Any) -> None:
    """Check the answer to a block_suggestion.

    Raises:
        SlackError: invalid_arguments.
    """
    found = list(OPTIONS(answer, ""))
    if found:
        raise SlackError("invalid_arguments", problems=[problem.sentence() for problem in found])


def check_message(content: dict[str, Any]) -> None:
    """Check what a message is to hold.

    Raises:
        SlackError: with the code that chat.postMessage answers.
    """
    _check_texts(content)
    if content.get("blocks"):
        _check_blocks(content["blocks"], "/blocks")
    for number, attachment in enumerate(content.get("attachments") or ()):
        if isinstance(attachment, dict) and attachment.get("blocks"):
            _check_blocks(attachment["blocks"], f"/attachments/{number}/blocks")
    if content.get("metadata"):
        _check_metadata(content["metadata"])


def _check_texts(content: dict[str, Any]) -> None:
    text, markdown = content.get("text") or "", content.get("markdown_text") or ""
    if markdown and (text or content.get("blocks")):
        raise SlackError("markdown_text_conflict")
    if not any((text, markdown, content.get("blocks"), content.get("attachments"))):
        raise SlackError("no_text")
    if len(text) > MAX_MESSAGE_TEXT or len(markdown) > MAX_MARKDOWN:
        raise SlackError("msg_too_long")
    if len(content.get("attachments") or ()) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")


def _check_blocks(given: Any, at: str) -> None:
    if not isinstance(given, list):
        raise SlackError("invalid_blocks_format")
    found = list(MESSAGE_BLOCKS(given, at))
    if found:
        sentences = [problem.sentence() for problem in found]
        raise SlackError("invalid_blocks", problems=sentences, errors=sentences)
    if len(json.dumps(given, ensure_ascii=False)) > MAX_BLOCKS_JSON:
        raise SlackError("msg_blocks_too_long")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if not re.fullmatch(r"[\w.:-]+", str(metadata.get("event_type", "")), re.ASCII):
        raise SlackError("invalid_metadata_schema")
    if set(metadata) - {"event_type", "event_payload", "entities"} or _has_null(metadata):
        raise SlackError("invalid_metadata_schema")


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(member) for member in value.values())
    if isinstance(value, list):
        return any(_has_null(item) for item in value)
    return value is None


ANYWHERE = surfaces.anywhere(100)
MESSAGE = shape(
    may={
        "blocks": MESSAGE_BLOCKS,
        "text": string(0, MAX_MESSAGE_TEXT),
        "markdown_text": string(1, MAX_MARKDOWN),
        "attachments": array(anything, 0, MAX_ATTACHMENTS),
        **dict.fromkeys(("channel", "thread_ts", "ts", "metadata"), anything),
    }
)


def problems_of(kind: str, value: Any) -> list[dict[str, Any]]:
    """List everything that is wrong, as blocks.validate does.

    Args:
        kind: blocks, message or view.
        value: what to check.
    """
    if kind == "view":
        surface = value.get("type") if isinstance(value, dict) else None
        check = VIEWS.get(str(surface), shape({"type": one_of(*VIEWS)}, {"blocks": anything}))
    else:
        check = MESSAGE if kind == "message" else ANYWHERE
    return [problem.entry() for problem in check(value, "")]
