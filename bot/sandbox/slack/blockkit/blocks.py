"""Block Kit's blocks."""

from typing import Any

from bot.sandbox.slack.blockkit.grammar import (
    Check,
    Found,
    Problem,
    anything,
    array,
    boolean,
    either,
    exactly_one,
    integer,
    needs_one,
    one_of,
    shape,
    string,
    together,
    typed,
    unique,
    variants,
)
from bot.sandbox.slack.blockkit.inputs import CHOICES, WRITTEN, some
from bot.sandbox.slack.blockkit.texts import ID, IMAGE, RICH_TEXT, URL, plain, text

BLOCK = {"block_id": ID}
BUTTONS = ("button", "overflow", "workflow_button")
ACCESSORY = some(*CHOICES, *BUTTONS, "image")
ACTIONS = some(*CHOICES, *BUTTONS, "datetimepicker", "rich_text_input")
INPUT = some(*CHOICES, *WRITTEN, "datetimepicker", "file_input", "rich_text_input")
CONTEXT = variants(
    {"image": IMAGE, "plain_text": plain(), "mrkdwn": text()}, what="context element"
)


def _nothing(value: Any, at: str) -> Found:
    if value is not None:
        yield Problem(at, "wrong_type", "must be null")


STATUS = one_of("pending", "in_progress", "complete", "error")
SOURCE = typed("url", {"url": URL, "text": string(1)})
COLUMN = either(
    _nothing,
    shape(may={"align": one_of("left", "center", "right"), "is_wrapped": boolean}),
)
CELL = variants(
    {
        "raw_text": typed("raw_text", {"text": string(0, 3000)}, {"emoji": boolean}),
        "raw_number": typed("raw_number", {"value": anything}, {"text": string()}),
        "rich_text": RICH_TEXT,
    },
    what="table cell",
)


def _elements(known: dict[str, Check], low: int, high: int) -> Check:
    listed = array(variants(known, what="element"), low, high)
    return together(listed, unique("action_id"))


def _collapsible(value: Any, at: str) -> Found:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield Problem(at, "mismatch", "default_collapsed requires is_collapsible")
    if value.get("has_header_divider") and value.get("is_collapsible"):
        yield Problem(
            at, "mismatch", "has_header_divider cannot be set when is_collapsible is true"
        )


TASK = {"task_id": string(1, 255), "title": string(1, 3000), "status": STATUS}
TOLD = {**BLOCK, "details": RICH_TEXT, "output": RICH_TEXT, "sources": array(SOURCE, 1)}
TASK_CARD = typed("task_card", TASK, TOLD)
# Slack's own examples leave the type out inside a plan; slack_sdk writes it.
PLANNED = shape(TASK, {**TOLD, "type": one_of("task_card")})
CARD = typed(
    "card",
    may={
        **BLOCK,
        "hero_image": IMAGE,
        "icon": IMAGE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": _elements(some("button"), 1, 3),
    },
    rules=(needs_one("title", "body", "hero_image", "actions"),),
)
BLOCKS: dict[str, Check] = {
    "section": typed(
        "section",
        may={
            **BLOCK,
            "text": text(),
            "fields": array(text(2000), 1, 10),
            "accessory": variants(ACCESSORY, what="accessory"),
            "expand": boolean,
        },
        rules=(needs_one("text", "fields"),),
    ),
    "actions": typed("actions", {"elements": _elements(ACTIONS, 1, 25)}, BLOCK),
    "context": typed("context", {"elements": array(CONTEXT, 1, 10)}, BLOCK),
    "context_actions": typed(
        "context_actions",
        {"elements": _elements(some("feedback_buttons", "icon_button"), 1, 5)},
        BLOCK,
    ),
    "divider": typed("divider", may=BLOCK),
    "header": typed("header", {"text": plain(150)}, {**BLOCK, "level": integer(1, 4)}),
    "image": typed(
        "image",
        {"alt_text": string(1, 2000)},
        {**BLOCK, "title": plain(2000), "image_url": URL, "slack_file": anything},
        rules=(exactly_one("image_url", "slack_file"),),
    ),
    "input": typed(
        "input",
        {"label": plain(2000), "element": variants(INPUT, what="input element")},
        {**BLOCK, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": typed("markdown", {"text": string(1, 12_000)}, BLOCK),
    "rich_text": RICH_TEXT,
    "video": typed(
        "video",
        {"alt_text": string(1), "title": plain(199), "thumbnail_url": URL, "video_url": URL},
        {
            **BLOCK,
            "title_url": URL,
            "description": plain(200),
            "author_name": string(1, 49),
            "provider_name": string(1),
            "provider_icon_url": URL,
        },
    ),
    "file": typed("file", {"external_id": string(1), "source": one_of("remote")}, BLOCK),
    "alert": typed(
        "alert",
        {"text": text(200)},
        {**BLOCK, "level": one_of("default", "info", "warning", "error", "success")},
    ),
    "plan": typed(
        "plan",
        {"title": string(1, 3000)},
        {**BLOCK, "tasks": together(array(PLANNED, 0, 50), unique("task_id"))},
    ),
    "task_card": TASK_CARD,
    "card": CARD,
    "carousel": typed("carousel", {"elements": array(CARD, 1, 10)}, BLOCK),
    "table": typed(
        "table",
        {"rows": array(array(CELL, 1, 20), 1, 100)},
        {**BLOCK, "column_settings": array(COLUMN, 0, 20)},
    ),
}
CHILDREN = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)
BLOCKS["container"] = typed(
    "container",
    {
        "child_blocks": array(
            variants({kind: BLOCKS[kind] for kind in CHILDREN}, what="child block"), 1, 10
        )
    },
    {
        **BLOCK,
        "title": plain(150),
        "rich_text_title": RICH_TEXT,
        "subtitle": text(150),
        "icon": IMAGE,
        "width": one_of("narrow", "standard", "wide", "full"),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    rules=(needs_one("title", "rich_text_title"), _collapsible),
)
