"""Slack's errors in terms of what to do next."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.errors import PermanentError, TemporaryError

UNREACHABLE = (TimeoutError, SlackClientError, aiohttp.ClientError, OSError)
"""What is raised where nobody answered; Slack's own refusals are among them, too."""

_TOO_MANY = 429
_SERVER_ERROR = 500
_LONGEST_WAIT = 3600
_DIGITS = 6
"""More are longer than the longest wait, and Python reads no number of thousands of digits."""
_TEMPORARY = frozenset(
    {
        "fatal_error",
        "internal_error",
        "ratelimited",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
        "team_added_to_org",
    }
)
_LOCKED_OUT = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
_FIXES = {
    "account_inactive": "Install the Slack app again and set SLACK_BOT_TOKEN.",
    "channel_not_found": "Invite the bot to the channel.",
    "invalid_auth": "Set SLACK_BOT_TOKEN to the token of the installed Slack app.",
    "is_archived": "Ask again in a channel that is not archived.",
    "message_not_found": "Somebody deleted the message; `/idp status` shows the job.",
    "missing_scope": "Add the scope in the Slack app's settings and install the app again.",
    "not_authed": "Set SLACK_BOT_TOKEN to the token of the installed Slack app.",
    "not_in_channel": "Invite the bot to the channel.",
    "token_expired": "Set SLACK_BOT_TOKEN to the token of the installed Slack app.",
    "token_revoked": "Install the Slack app again and set SLACK_BOT_TOKEN.",
}


@contextmanager
def translated(doing: str, *, outlasts_token: bool = False) -> Iterator[None]:
    """Turn what a call raises into TemporaryError or PermanentError.

    Args:
        doing: the call as the end of the sentence "Slack did not ...".
        outlasts_token: whether the call will still be wanted when somebody has given the bot a token that Slack takes.
    """
    try:
        yield
    except SlackApiError as error:
        raised = _translation(error, doing)
        if outlasts_token and error_code(error) in _LOCKED_OUT:
            raised = TemporaryError(str(raised))
        raise raised from error
    except UNREACHABLE as error:
        raise TemporaryError(f"Slack could not be reached to {doing}.") from error


def error_code(error: SlackApiError) -> str:
    """Slack's own word for what went wrong; empty when something else than Slack answered."""
    answer = getattr(error.response, "data", error.response)
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""


def is_passing(error: SlackApiError) -> bool:
    """Whether the same call may go well later."""
    code = error_code(error)
    status = getattr(error.response, "status_code", 0)
    return not code or code in _TEMPORARY or status == _TOO_MANY or status >= _SERVER_ERROR


def _translation(error: SlackApiError, doing: str) -> TemporaryError | PermanentError:
    code = error_code(error)
    if is_passing(error):
        return TemporaryError(
            f"Slack did not {doing} ({code or 'no proper answer'}).", _retry_after(error)
        )
    fix = _FIXES.get(code, "Look the word up in Slack's API reference.")
    return PermanentError(f"Slack refused to {doing} ({code}).", fix)


def _retry_after(error: SlackApiError) -> timedelta | None:
    return wait_asked_for(getattr(error.response, "headers", None) or {})


def wait_asked_for(headers: Mapping[str, Any]) -> timedelta | None:
    """What `Retry-After` says, which Slack gives in seconds; None where there is none or something else.

    Args:
        headers: of the answer, in any case; slack_sdk puts each value into a list for those who retry.
    """
    found = next((v for name, v in headers.items() if name.lower() == "retry-after"), "")
    seconds = str(found[0] if isinstance(found, list) else found)
    if not (seconds.isascii() and seconds.isdigit()):
        return None
    return timedelta(seconds=min(int(seconds.lstrip("0")[:_DIGITS] or 0), _LONGEST_WAIT))
