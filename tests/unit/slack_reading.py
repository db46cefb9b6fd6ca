"""Messages as people read them."""

import json
from typing import Any

from hypothesis import strategies as st

from bot.domain.job import JobState
from bot.domain.notices import Notice, NoticeKind
from bot.sandbox.slack import blockkit
from bot.slack.messages import Message
from tests.unit import slack_jobs as jobs

CARD = Notice(kind=NoticeKind.CARD)
WANTED = Notice(kind=NoticeKind.APPROVAL_WANTED)
DECIDED = Notice(kind=NoticeKind.DECIDED)
FAILED = Notice(kind=NoticeKind.FAILED, about="await_pipeline:20261103T120100.000000")
HELP_WANTED = Notice(kind=NoticeKind.HELP_WANTED, about="1")
HELP_ASKED = Notice(kind=NoticeKind.HELP_ASKED, about="1")
CANCELLED = Notice(kind=NoticeKind.CANCELLED)
DONE = Notice(kind=NoticeKind.DONE)

A_RUNNING_JOB = jobs.a_job()
A_SYSTEM_JOB = jobs.a_job(
    request=jobs.a_system_request(), state=JobState.DONE, steps=jobs.system_steps()
)

hostile_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.sampled_from(
        [
            "<!channel> <@U0ADA> <https://evil.example|click>",
            "&" * 300,
            "<" * 300,
            "*bold* _it_ ~no~ `code` ```",
            "\u202egnissecorp",
            "\x00\x07\x1b[31m",
            "\U0001f600" * 150,
            "“" * 300,
            " " * 300,
            '"}],"blocks":[{"type":"divider"}]',
        ]
    ),
)


def said(message: Message) -> str:
    """All that people read of a message, in one string."""
    return "\n".join(_texts(list(message.blocks)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        titles = [value["title"]] if isinstance(value.get("title"), str) else []
        return titles + own + [t for inner in value.values() for t in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


def buttons(message: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def plan(message: Message) -> dict[str, Any]:
    return next(block for block in message.blocks if block["type"] == "plan")


def task(message: Message, name: str) -> dict[str, Any]:
    return next(task for task in plan(message)["tasks"] if task["task_id"] == name)


def assert_slack_takes(message: Message) -> None:
    blockkit.check_message({"text": message.text, "blocks": json.loads(json.dumps(message.blocks))})
