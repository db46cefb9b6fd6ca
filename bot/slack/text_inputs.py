"""Draws the questions that are answered by typing."""

from slack_sdk.models.blocks import (
    EmailInputElement,
    NumberInputElement,
    PlainTextInputElement,
    PlainTextObject,
    UrlInputElement,
)

from bot.slack import ids, mrkdwn
from bot.slack.properties import Kind
from bot.slack.questions import Question

_INPUT_LENGTH = 3000
_PLACEHOLDER_LENGTH = 150


def text(question: Question) -> PlainTextInputElement:
    """Words, on one line or several."""
    asked = question.asked
    return PlainTextInputElement(
        action_id=f"{ids.FIELD}.text",
        multiline=asked.is_multiline or question.kind is Kind.LINES or None,
        initial_value=_initial_text(question),
        placeholder=placeholder(question),
        min_length=asked.min_length
        if asked.min_length and asked.min_length <= _INPUT_LENGTH
        else None,
        max_length=min(asked.max_length, _INPUT_LENGTH) if asked.max_length else None,
    )


def email(question: Question) -> EmailInputElement:
    """An e-mail address, which Slack checks."""
    return EmailInputElement(
        action_id=f"{ids.FIELD}.email",
        initial_value=_initial_text(question),
        placeholder=placeholder(question),
    )


def address(question: Question) -> UrlInputElement:
    """A web address, which Slack checks."""
    return UrlInputElement(
        action_id=f"{ids.FIELD}.address",
        initial_value=_initial_text(question),
        placeholder=placeholder(question),
    )


def number(question: Question) -> NumberInputElement:
    """A number within its bounds, which Slack checks."""
    asked = question.asked
    return NumberInputElement(
        action_id=f"{ids.FIELD}.number",
        is_decimal_allowed=asked.type == "number",
        initial_value=_initial_text(question),
        min_value=_number_text(asked.minimum),
        max_value=_number_text(asked.maximum),
        placeholder=placeholder(question),
    )


def placeholder(question: Question) -> PlainTextObject | None:
    """The example that stands in an empty field."""
    words = question.asked.placeholder
    return mrkdwn.plain(words, _PLACEHOLDER_LENGTH) if words else None


def _initial_text(question: Question) -> str | None:
    default = question.asked.default
    if isinstance(default, list):
        return "\n".join(str(entry) for entry in default) or None
    if default is None or isinstance(default, bool | dict):
        return None
    return str(default)[: question.asked.max_length or _INPUT_LENGTH] or None


def _number_text(bound: float | None) -> str | None:
    return None if bound is None else f"{bound:g}"
