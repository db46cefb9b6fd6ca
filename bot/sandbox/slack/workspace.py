"""The state of the workspace: everything that its Web API and its page work on."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.slack import credentials, manifest
from bot.sandbox.slack.changes import Change, Changes
from bot.sandbox.slack.conversations import Channel, Conversations, Message
from bot.sandbox.slack.credentials import Credentials
from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import TEAM_ID, Person, SlackApp
from bot.sandbox.slack.rate_limits import RateLimits
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.store import Store
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import Views

GENERAL = "C0GENERAL"
PLATFORM = "C0PLATFORM"
# The app is not in all of them, so that Slack's refusals can be met: not_in_channel, channel_not_found.
CHANNELS = (
    (GENERAL, "general", "Company-wide announcements and work-based matters", True),
    ("C0PAYMENTS", "payments", "The payments team", True),
    (PLATFORM, "platform", "Questions to the platform team", True),
    ("C0RANDOM", "random", "Everything else; the app is not a member here", False),
)
PRIVATE = ("C0LEADS", "leads", "Private, for some of us; the app does not know of it")


@dataclass(slots=True)
class Workspace:
    """One Slack workspace with one installed app."""

    app: SlackApp
    people: dict[str, Person]
    credentials: Credentials
    conversations: Conversations
    views: Views
    delivery: Delivery
    limits: RateLimits
    links: Mapping[str, str]
    store: Store
    triggers: Triggers = field(default_factory=Triggers)
    response_urls: ResponseUrls = field(default_factory=ResponseUrls)
    changes: Changes = field(default_factory=Changes)
    offered: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)
    faults_on: int = 0  # for the page, which leads to the panel of faults
    address: str = ""  # known once the workspace listens

    def person(self, user_id: str) -> Person:
        """Find a member.

        Raises:
            SlackError: user_not_found.
        """
        try:
            return self.people[user_id]
        except KeyError:
            raise SlackError("user_not_found") from None

    def name_of(self, user_id: str) -> str:
        """Say what a member or the app is called."""
        if user_id == self.app.user_id:
            return self.app.name
        return self.people[user_id].real_name if user_id in self.people else user_id

    def install(self, text: str) -> None:
        """Take an app's manifest, for good.

        Raises:
            SlackError: invalid_manifest.
        """
        self.app = manifest.installed(text, self.app)
        self.store.put("manifest", self.app.id, text)

    def direct_with_app(self, user_id: str) -> Channel:
        """Find or open the direct message between somebody and the app."""
        return self.conversations.direct(user_id, self.app.user_id)

    def say(self, channel_id: str, content: Message) -> Message:
        """Post a message where everybody in the channel sees it."""
        message = self.conversations.post(channel_id, content)
        self.show(message)
        return message

    def whisper(self, channel_id: str, reader: str, content: Message) -> Message:
        """Post a message that only one reader sees."""
        message = self.conversations.whisper(channel_id, reader, content)
        self.show(message)
        return message

    def app_whispers(self, channel_id: str, reader: str, text: str) -> Message:
        """Tell one reader something in Slack's own name."""
        return self.whisper(channel_id, reader, {"user": "USLACKBOT", "text": text})

    def show(self, message: Message) -> None:
        """Have the open pages draw a message, and the one whose thread it is in."""
        self._tell("message", message)

    def unsay(self, message: Message) -> None:
        """Delete a message, here and on the open pages."""
        self.conversations.remove(message)
        self._tell("gone", message)

    def _tell(self, kind: Any, message: Message) -> None:
        self.changes.tell(
            Change(
                kind,
                user=message.get("ephemeral_to", ""),
                channel=message["channel"],
                ts=message["ts"],
                thread_ts=message.get("thread_ts", ""),
            )
        )

    def app_says(self, content: Message) -> Message:
        """Sign a message's content as the app's."""
        return {
            "user": self.app.user_id,
            "bot_id": self.app.bot_id,
            "app_id": self.app.id,
            "team": TEAM_ID,
            **content,
        }


@contextlib.contextmanager
def opened(
    folder: Path,
    people: Sequence[Person],
    *,
    app: SlackApp,
    links: Mapping[str, str],
    rate_limits: bool,
) -> Iterator[Workspace]:
    """Open the workspace that a folder holds; an empty folder gets the usual channels."""
    folder.mkdir(parents=True, exist_ok=True)
    known = credentials.kept_in(folder)
    with contextlib.closing(Store(folder / "workspace.sqlite3")) as store:
        workspace = Workspace(
            app=app,
            people={person.id: person for person in people},
            credentials=known,
            conversations=Conversations(store),
            views=Views(store, app),
            delivery=Delivery(known.signing_secret, app.request_url),
            limits=RateLimits(on=rate_limits),
            links=links,
            store=store,
        )
        for _, text in store.every("manifest"):
            workspace.app = manifest.installed(text, workspace.app)
        _furnish(workspace)
        yield workspace


def _furnish(workspace: Workspace) -> None:
    members = tuple(workspace.people)
    for channel_id, name, topic, has_app in CHANNELS:
        if channel_id not in workspace.conversations.channels:
            joined = (*members, workspace.app.user_id) if has_app else members
            workspace.conversations.keep(Channel(channel_id, name, joined, topic=topic))
    if PRIVATE[0] not in workspace.conversations.channels:
        channel_id, name, topic = PRIVATE
        some = members[::2]
        workspace.conversations.keep(Channel(channel_id, name, some, topic=topic, is_private=True))
    for user_id in members:
        workspace.direct_with_app(user_id)
