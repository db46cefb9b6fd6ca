"""Who is clicking, and how they are answered, each in the way that their surface allows."""

import asyncio
from typing import Any, NoReturn

import structlog
from slack_bolt.async_app import AsyncRespond
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.entities import Person
from bot.domain.errors import MaybeDone, PermanentError, TemporaryError
from bot.ports.bundle import Ports
from bot.slack import mrkdwn
from bot.usecases import refusals

log = structlog.get_logger()

TIME_TO_LOOK = 1.5
UNCERTAIN = (
    "So it is not known whether this was taken in: /idp jobs shows it in a moment. "
    "To press again does no harm: nothing is done twice."
)


async def person(ports: Ports, slack_id: str) -> Person:
    """The person behind a Slack user.

    Raises:
        PermanentError: the catalog does not know them.
    """
    known = await ports.directory.whois(slack_id)
    return known or await _refused(ports, slack_id)


async def check_in_time(ports: Ports, slack_id: str) -> None:
    """Refuse whom the catalog does not know before a form is opened, which Slack allows for three seconds only.

    Who cannot be looked up by then is shown the form: whoever submits it is looked up again.

    Raises:
        PermanentError: the catalog does not know them.
    """
    try:
        async with asyncio.timeout(TIME_TO_LOOK):
            known = await ports.directory.whois(slack_id)
    except (TimeoutError, TemporaryError) as error:
        log.info("slack.person_not_looked_up", cause=str(error) or "too slow")
        return
    if not known:
        await _refused(ports, slack_id)


async def _refused(ports: Ports, slack_id: str) -> NoReturn:
    await refusals.note("identify", "Nobody in the catalog.", slack_id=slack_id, ports=ports)
    raise PermanentError(
        "Your Slack account belongs to nobody in the catalog, so nothing was done.",
        "Ask the platform team to add you, with the e-mail address that Slack knows.",
    )


def pressed(body: dict[str, Any]) -> str:
    """The id of the job whose button was pressed, as it came; whether there is such a job is another question."""
    return str(body["actions"][0].get("value", ""))


async def tell(
    text: str, *, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
) -> None:
    """Answer whoever clicked or typed, in a message or modal that only they see."""
    if body.get("response_url"):
        await respond(text=mrkdwn.own(text), response_type="ephemeral", replace_original=False)
    elif body.get("trigger_id"):
        await client.views_open(trigger_id=body["trigger_id"], view=remark(text))


def trouble(error: TemporaryError, otherwise: str) -> str:
    """What went wrong, and what to do: `otherwise`, unless what was asked for may be under way."""
    return f"{error.cause} {UNCERTAIN if isinstance(error, MaybeDone) else otherwise}"


def remark(text: str) -> View:
    """A modal that says one thing."""
    return View(
        type="modal",
        title="IDP bot",
        close="Close",
        blocks=[SectionBlock(text=mrkdwn.mrkdwn(mrkdwn.own(text, 1000)))],
    )
