"""What Slack's refusals mean: to try again, after as long as it asks for, or that somebody has to do something."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackClientNotConnectedError

from bot.domain.errors import PermanentError, TemporaryError
from bot.slack import web_api


def refusal(error: str, status: int = 200, **headers: str) -> SlackApiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data: Any = {"ok": False, "error": error} if error else "<h1>Bad gateway</h1>"
    response = SimpleNamespace(data=data, status_code=status, headers=named)
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call] # Slack leaves it unannotated


def meant(error: Exception) -> TemporaryError | PermanentError:
    try:
        with web_api.translated("post a message"):
            raise error
    except (TemporaryError, PermanentError) as found:
        return found


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (refusal("ratelimited", 429, Retry_After="30"), 30),
        (refusal("ratelimited", 429, retry_after="30"), 30),
        (refusal("ratelimited", 429, Retry_After="9" * 30), 3600),
        (refusal("ratelimited", 429, Retry_After="9" * 5000), 3600),
        (refusal("ratelimited", 429, Retry_After="0" * 5000 + "7"), 7),
        (refusal("ratelimited", 429, Retry_After="²"), None),
        (refusal("ratelimited", 429), None),
        (refusal("internal_error"), None),
        (refusal("service_unavailable", 503, Retry_After="5"), 5),
        (refusal("", 502), None),
        (refusal("strange_error", 500), None),
        (aiohttp.ClientConnectionError(), None),
        (aiohttp.ServerDisconnectedError(), None),
        (TimeoutError(), None),
        (ConnectionResetError(), None),
        (SlackClientNotConnectedError(), None),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again_when_slack_wants_it(
    error: Exception, seconds: int | None
) -> None:
    found = meant(error)
    assert isinstance(found, TemporaryError)
    assert found.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("channel_not_found", "Invite the bot"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("invalid_blocks", "API reference"),
    ],
)
def test_what_needs_a_person_says_what_to_do(code: str, fix: str) -> None:
    found = meant(refusal(code))
    assert isinstance(found, PermanentError)
    assert code in found.cause
    assert fix in found.fix
