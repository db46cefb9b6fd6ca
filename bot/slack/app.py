"""The Slack app: all listeners together, with a log line for each event and plain words for each failure."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.bundle import Ports
from bot.slack import (
    asking_for_help,
    commands,
    decisions,
    fixing,
    forms,
    home,
    options,
    people,
    reasoned,
    submissions,
    undoing,
    web_api,
)

log = structlog.get_logger()

# Bolt looks for the ack every 10 ms, and forgets one that a listener made before it failed as soon as this handler
# returns: Slack would then show a timeout beside our answer.
_UNTIL_ACK_IS_SEEN = 0.03
_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id"})


def build(*, ports: Ports, client: AsyncWebClient, signing_secret: SecretStr | None) -> AsyncApp:
    """An app that serves Socket Mode and HTTP alike.

    Args:
        ports: what the use cases need.
        client: its token and address serve for every answer.
        signing_secret: what Slack signs its requests over HTTP with; Socket Mode needs none.
    """
    app = AsyncApp(
        client=client,
        signing_secret=signing_secret.get_secret_value() if signing_secret else "",
    )
    app.use(_logged)
    app.error(_explained)
    for module in (
        commands,
        forms,
        submissions,
        options,
        decisions,
        reasoned,
        fixing,
        undoing,
        home,
        asking_for_help,
    ):
        module.register(app, ports)
    return app


async def _logged(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> None:  # noqa: A002 Bolt names it so
    """One line per event: what kind, by whom, and how long its listener took to be found and acked."""
    began = time.monotonic()
    await next()
    log.info("slack.received", **_in_short(body), ms=round((time.monotonic() - began) * 1000))


def _in_short(body: dict[str, Any]) -> dict[str, str]:
    event = body.get("event") or {}
    actions = body.get("actions") or [{}]
    user = body.get("user") or {}
    told = {
        "kind": body.get("type") or ("command" if "command" in body else ""),
        "what": event.get("type") or actions[0].get("action_id") or body.get("action_id") or "",
        "user": user.get("id") or body.get("user_id") or event.get("user") or "",
    }
    return {name: str(value) for name, value in told.items() if value}


async def _explained(
    error: Exception,
    body: dict[str, Any],
    client: AsyncWebClient,
    respond: AsyncRespond,
    response: BoltResponse | None,
) -> None:
    """Tell whoever asked what went wrong; what nobody foresaw is logged in full, and shown by Slack as an error, too.

    There is a response only where the listener has not acknowledged the request.
    """
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("slack.unhandled", **_in_short(body))
        return
    await asyncio.sleep(_UNTIL_ACK_IS_SEEN)
    text = _words(error)
    if response and isinstance(error, PermanentError | TemporaryError):
        response.status = HTTPStatus.OK
    try:
        with web_api.translated("tell somebody what went wrong"):
            await people.tell(text, body=body, client=client, respond=respond)
    except (TemporaryError, PermanentError) as refused:
        log.warning("slack.person_not_told", cause=refused.cause)


def _words(error: Exception) -> str:
    if isinstance(error, PermanentError):
        return f"{error.cause} {error.fix}"
    if isinstance(error, TemporaryError):
        return people.trouble(error, "Nothing was changed; try again in a moment.")
    if isinstance(error, SlackApiError) and web_api.error_code(error) in _LATE:
        return "Slack gave up waiting before the form could be opened. Please try again."
    if isinstance(error, web_api.UNREACHABLE) and not isinstance(error, SlackApiError):
        log.warning("slack.not_reached", error=type(error).__name__)
        return "Slack could not be reached in the midst of this; please try again."
    log.error("slack.listener_failed", exc_info=error)
    return "Something went wrong that should not. It has been logged; please try again."
