"""Says where a request's card is when that is not the place where it was asked for: there, nothing is to be seen."""

import asyncio

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, MessageRef
from bot.domain.notices import NoticeKind
from bot.ports.bundle import Ports
from bot.slack import ids, mrkdwn, people, web_api

log = structlog.get_logger()

LOOKS = 10
BETWEEN_LOOKS = 0.2
"""In seconds; a modal can be opened for three of them."""


async def tell(ports: Ports, client: AsyncWebClient, job: Job, *, trigger_id: str) -> None:
    """Whisper where the card is, or say it in a modal where the bot cannot speak; nothing where it is in plain sight.

    This is a kindness: what comes between stands in the log alone, for the request is taken in.
    """
    if not ids.is_shared(job.channel):
        return
    try:
        if why := await _why_elsewhere(ports, job):
            await _whisper(client, job, why, trigger_id=trigger_id)
    except (TemporaryError, PermanentError, SlackApiError, *web_api.UNREACHABLE) as error:
        log.info("slack.whereabouts_not_told", job=job.id, error=str(error))


async def _whisper(client: AsyncWebClient, job: Job, why: str, *, trigger_id: str) -> None:
    name = mrkdwn.clean(job.request.name, mrkdwn.NAME_LENGTH)
    text = f"“{name}” is under way. {why}, so its card is in your direct messages with the bot."
    asker = job.request.requester.slack_id
    try:
        await client.chat_postEphemeral(channel=job.channel, user=asker, text=mrkdwn.escaped(text))
    except SlackApiError:
        await client.views_open(trigger_id=trigger_id, view=people.remark(text))


async def _why_elsewhere(ports: Ports, job: Job) -> str:
    """Why the card is in nobody else's sight; empty where it is in the channel, or nowhere yet."""
    if job.is_private:
        return "It is private"
    card = await _card(ports, job.id)
    return "The bot cannot write in this channel" if card and card.is_direct else ""


async def _card(ports: Ports, job_id: str) -> MessageRef | None:
    for _ in range(LOOKS):
        job = await ports.jobs.load(job_id)
        if job and (card := job.messages.get(NoticeKind.CARD)):
            return card
        await asyncio.sleep(BETWEEN_LOOKS)
    return None
