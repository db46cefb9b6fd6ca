"""Tells people about jobs in Slack: one card per job, edited in place, and replies in its thread."""

from collections.abc import AsyncIterator
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.digest import digest_of
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import NOWHERE, HelpAsked, Job, MessageRef
from bot.domain.notices import CARDS, DIRECT, Notice, NoticeKind, card_of
from bot.ports.directory import Directory
from bot.slack import ids, messages, web_api

log = structlog.get_logger()

PAGES = 5
PAGE = 100
_CLOSED_DOORS = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_non_threadable_channel",
    }
)
_PERSONAL_PREFIXES = ("U", "W", "D")
_GONE = frozenset(
    {"cant_update_message", "channel_not_found", "edit_window_closed", "message_not_found"}
)


class SlackAnnouncer:
    """Posts each notice with a note of whose it is, which only the app reads, so that it can be found again."""

    def __init__(self, client: AsyncWebClient, directory: Directory) -> None:
        self._client = client
        self._directory = directory

    async def post(self, job: Job, notice: Notice) -> MessageRef:
        """Post a notice; where the bot may not speak it speaks to the requester directly."""
        with web_api.translated("post a message", outlasts_token=True):
            if notice.kind in CARDS:
                return await self._with_permalink(await self._post_card(job, notice))
            if notice.kind in DIRECT:
                return await self._post_directly(job, notice)
            if notice.kind is NoticeKind.HELP_WANTED:
                return await self._post_to_platform_team(job, notice)
            return await self._post_reply(job, notice)

    async def find(self, job: Job, notice: Notice) -> MessageRef | None:
        """Look for the note that `post` left: in the card's thread, or for a card where it may stand."""
        with web_api.translated("read messages", outlasts_token=True):
            if notice.kind in DIRECT:
                return await self._noted(job, notice.key, await self._direct(notice.about))
            if notice.kind is NoticeKind.HELP_WANTED:
                channel = _asked(job, notice).channel
                return await self._noted(job, notice.key, channel) if channel else None
            if notice.kind not in CARDS:
                card = _card(job)
                return await self._noted(job, notice.key, card.channel, thread=card.ts)
            asked_in = await self._conversation(job, job.channel)
            found = await self._noted(job, notice.key, asked_in) or await self._noted(
                job, notice.key, await self._direct(job.request.requester.slack_id)
            )
            return await self._with_permalink(found) if found else None

    async def refresh(
        self, job: Job, notice: Notice, ref: MessageRef, *, may_act: bool, may_see: bool = True
    ) -> MessageRef:
        """Update a direct message if it would say something else now, which may be that it concerns them no more."""
        drawn = messages.message(job, notice, may_act=may_act) if may_see else messages.no_concern()
        shown = ref.model_copy(update={"shows": _digest(drawn)})
        if shown == ref:
            return ref
        await self._update(ref, drawn, job_id=job.id)
        return shown

    async def redraw(self, job: Job, card: MessageRef) -> None:
        """Make the card show the job as it stands, or that it has gone private, where others read it."""
        is_open = job.is_private and not card.is_direct
        drawn = messages.gone_private() if is_open else messages.card_message(job)
        await self._update(card, drawn, job_id=job.id)

    async def _update(self, ref: MessageRef, drawn: messages.Message, *, job_id: str) -> None:
        """Change a message; one that somebody has deleted, or that nobody may change any more, is as good as told."""
        with web_api.translated("update a message", outlasts_token=True):
            try:
                await self._client.chat_update(
                    channel=ref.channel, ts=ref.ts, text=drawn.text, blocks=drawn.blocks
                )
            except SlackApiError as error:
                if web_api.error_code(error) not in _GONE:
                    raise
                log.info("slack.message_is_gone", job=job_id, channel=ref.channel, ts=ref.ts)

    async def _post_card(self, job: Job, notice: Notice) -> MessageRef:
        drawn = messages.message(job, notice)
        try:
            channel = await self._conversation(job, _place(job, notice))
            return await self._send(job, notice.key, channel, drawn)
        except SlackApiError as error:
            if web_api.error_code(error) not in _CLOSED_DOORS:
                raise
        log.info("slack.card_goes_to_requester", job=job.id, channel=job.channel)
        return await self._send(
            job, notice.key, await self._direct(job.request.requester.slack_id), drawn
        )

    async def _post_to_platform_team(self, job: Job, notice: Notice) -> MessageRef:
        """In their channel; where there is none, or none for the bot, to each of them, once."""
        drawn, asked = messages.message(job, notice), _asked(job, notice)
        try:
            if asked.channel:
                return await self._send(job, notice.key, asked.channel, drawn)
        except SlackApiError as error:
            if web_api.error_code(error) not in _CLOSED_DOORS:
                raise
            log.warning("slack.no_platform_channel", job=job.id, channel=asked.channel)
        members = await self._directory.slack_ids(asked.group)
        told = NOWHERE
        for slack_id in members:
            if slack_id != asked.by.slack_id:
                conversation = await self._direct(slack_id)
                told = await self._noted(job, notice.key, conversation) or await self._send(
                    job, notice.key, conversation, drawn
                )
        return told

    async def _with_permalink(self, card: MessageRef) -> MessageRef:
        """The card with its address; without it if Slack does not tell, for the card is there all the same."""
        try:
            with web_api.translated("tell where a message can be looked at"):
                where = {"channel": card.channel, "message_ts": card.ts}
                answer = await self._client.chat_getPermalink(**where)
        except (TemporaryError, PermanentError) as error:
            log.info("slack.no_permalink", channel=card.channel, error=error.cause)
            return card
        return card.model_copy(update={"permalink": answer["permalink"]})

    async def _post_reply(self, job: Job, notice: Notice) -> MessageRef:
        """What concerns the whole channel is shown there, too."""
        card = _card(job)
        return await self._send(
            job,
            notice.key,
            card.channel,
            messages.message(job, notice),
            thread=card.ts,
            is_broadcast=notice.kind is NoticeKind.GLASS_BROKEN,
        )

    async def _post_directly(self, job: Job, notice: Notice) -> MessageRef:
        drawn = messages.message(job, notice, may_act=True)
        sent = await self._send(job, notice.key, await self._direct(notice.about), drawn)
        return sent.model_copy(update={"shows": _digest(drawn)})

    async def _send(
        self,
        job: Job,
        key: str,
        channel: str,
        drawn: messages.Message,
        *,
        thread: str | None = None,
        is_broadcast: bool = False,
    ) -> MessageRef:
        answer = await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread,
            reply_broadcast=is_broadcast or None,
            text=drawn.text,
            blocks=drawn.blocks,
            metadata={"event_type": ids.NOTICE_EVENT, "event_payload": _note(job, key)},
            unfurl_links=False,
            unfurl_media=False,
        )
        return MessageRef(channel=answer["channel"], ts=answer["ts"])

    async def _conversation(self, job: Job, place: str) -> str:
        """A channel; of all personal places the only one that a card may go to is the requester's own."""
        if place.startswith(_PERSONAL_PREFIXES):
            return await self._direct(job.request.requester.slack_id)
        return place

    async def _direct(self, slack_id: str) -> str:
        answer = await self._client.conversations_open(users=slack_id)
        return str(answer["channel"]["id"])

    async def _noted(
        self, job: Job, key: str, channel: str, thread: str | None = None
    ) -> MessageRef | None:
        """The message with the note; a public channel is joined to read it, for posting needs no membership.

        Where the bot may never look nothing is found, so that people are rather told twice than not at all.
        """
        try:
            return await self._search(job, key, channel, thread)
        except SlackApiError as error:
            if web_api.error_code(error) not in _CLOSED_DOORS:
                raise
        try:
            await self._client.conversations_join(channel=channel)
            return await self._search(job, key, channel, thread)
        except SlackApiError as error:
            if web_api.is_passing(error):
                raise
            log.info("slack.cannot_look_back", channel=channel, error=web_api.error_code(error))
            return None

    async def _search(
        self, job: Job, key: str, channel: str, thread: str | None
    ) -> MessageRef | None:
        async for posted in self._since(job, channel, thread):
            metadata = posted.get("metadata") or {}
            if metadata.get("event_payload") == _note(job, key):
                return MessageRef(channel=channel, ts=posted["ts"])
        return None

    async def _since(
        self, job: Job, channel: str, thread: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        for _ in range(PAGES):
            asked: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{job.created_at.timestamp() - 1:.6f}",
                "include_all_metadata": True,
                "limit": PAGE,
                "cursor": cursor,
            }
            if thread:
                answer = await self._client.conversations_replies(ts=thread, **asked)
            else:
                answer = await self._client.conversations_history(**asked)
            for posted in answer["messages"]:
                yield posted
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def _place(job: Job, card: Notice) -> str:
    """Where a card belongs: what is private, or once was, is not for everybody in the channel to read."""
    is_followed = card.kind is NoticeKind.PRIVATE_CARD
    return job.request.requester.slack_id if job.is_private or is_followed else job.channel


def _card(job: Job) -> MessageRef:
    card = card_of(job)
    if not card:
        raise TemporaryError("The card has not been posted yet.")
    if not card.is_there:
        raise PermanentError("The card could not be posted, so it has no thread.", "Ask elsewhere.")
    return card


def _digest(drawn: messages.Message) -> str:
    return digest_of({"text": drawn.text, "blocks": list(drawn.blocks)})


def _asked(job: Job, notice: Notice) -> HelpAsked:
    return job.help_asked[int(notice.about) - 1]


def _note(job: Job, key: str) -> dict[str, str]:
    return {"job": job.id, "notice": key}
