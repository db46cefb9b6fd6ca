"""Options of selects, and the values behind them."""

import hashlib
import json
from collections.abc import Sequence

from pydantic import JsonValue
from slack_sdk.models.blocks import Option

from bot.slack import mrkdwn

VALUE_LENGTH = 150
_TEXT_LENGTH = 75


def option(value: JsonValue, label: JsonValue) -> Option:
    """An option; what Slack hands back is the value's own text, or a digest of one that is too long."""
    return Option(text=mrkdwn.plain(str(label), _TEXT_LENGTH), value=token(value))


def options(alternatives: Sequence[tuple[JsonValue, str]]) -> list[Option]:
    """Options for values with names."""
    return [option(value, name) for value, name in alternatives]


def initial(offered: Sequence[Option], default: JsonValue) -> Option | None:
    """The option that stands for the default, if there is one."""
    return next((o for o in offered if default is not None and o.value == token(default)), None)


def initials(offered: Sequence[Option], defaults: JsonValue) -> list[Option] | None:
    """The options that stand for the defaults."""
    wanted = {token(value) for value in defaults} if isinstance(defaults, list) else set()
    return [o for o in offered if o.value in wanted] or None


def token(value: JsonValue) -> str:
    """A value as an option carries it."""
    text = value if isinstance(value, str) and value else json.dumps(value)
    if len(text) <= VALUE_LENGTH:
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def value_of(chosen: str, alternatives: Sequence[tuple[JsonValue, str]]) -> JsonValue:
    """The value behind a chosen option; None for one that is no longer offered."""
    return next((value for value, _ in alternatives if token(value) == chosen), None)
