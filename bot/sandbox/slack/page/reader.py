"""The workspace as one person reads it: names, dates in their zone, what is theirs to see."""

import time
from typing import Any

from markupsafe import Markup

from bot.sandbox.slack.conversations import Channel, Message
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.page import dates, mrkdwn
from bot.sandbox.slack.workspace import Workspace

SLACKBOT = "USLACKBOT"


class Reader:
    """One person's view of the workspace."""

    def __init__(self, workspace: Workspace, person: Person) -> None:
        """Read as a person."""
        self.workspace = workspace
        self.person = person
        self._references = mrkdwn.References(self._user, self._channel, self.date)

    def mrkdwn(self, text: str) -> Markup:
        """Render Slack's own markup."""
        return mrkdwn.rendered(text, self._references)

    def date(self, seconds: float, pattern: str) -> str:
        """Write a moment on the reader's clock."""
        return dates.formatted(seconds, pattern, zone=self.person.tz, now=time.time())

    def whereabouts(self, person: Person) -> str:
        """Say where somebody is, and how late it is there."""
        city = person.tz.rpartition("/")[2].replace("_", " ")
        clock = dates.clock(dates.at(time.time(), person.tz))
        return f"{clock} in {city}"

    def clock(self, ts: str) -> str:
        """Write when a message was said."""
        return self.date(float(ts), "{time}")

    def day(self, ts: str) -> str:
        """Write the day on which a message was said."""
        return self.date(float(ts), "{day_divider_pretty}")

    def moment(self, ts: str) -> str:
        """Write day and time of a message."""
        return self.date(float(ts), "{date_long} at {time_secs}")

    def link(self, url: str, label: str) -> Markup:
        """Make a link that is safe to follow."""
        return mrkdwn.link(url, label)

    def _user(self, user_id: str) -> Markup:
        name = self.workspace.name_of(user_id)
        mine = " mine" if user_id == self.person.id else ""
        return Markup('<span class="mention{}">@{}</span>').format(mine, name)

    def _channel(self, channel_id: str, label: str) -> Markup:
        channel = self.workspace.conversations.channels.get(channel_id)
        if channel is None or not channel.is_open_to(self.person.id):
            return Markup('<span class="mention">#{}</span>').format(label or channel_id)
        address = f"/client/{self.person.id}/{channel_id}"
        return Markup('<a class="mention" href="{}">#{}</a>').format(address, channel.name)

    def user(self, user_id: str) -> Markup:
        """Name somebody who is mentioned."""
        return self._user(user_id)

    def channel(self, channel_id: str) -> Markup:
        """Name a channel that is mentioned."""
        return self._channel(channel_id, "")

    def author(self, message: Message) -> dict[str, Any]:
        """Say who a message is from."""
        user = message.get("user", SLACKBOT)
        if user == SLACKBOT:
            return {"id": user, "name": "Slackbot", "is_app": False}
        return {"id": user, "name": self.workspace.name_of(user), "is_app": "bot_id" in message}

    def replies(self, message: Message) -> dict[str, Any] | None:
        """Sum up a message's thread."""
        answers = self.workspace.conversations.replies(message["channel"], message["ts"])
        if not answers or "ephemeral_to" in message:
            return None
        authors = {answer["user"]: self.author(answer) for answer in answers}
        return {
            "count": len(answers),
            "authors": list(authors.values())[:4],
            "last": self.date(float(answers[-1]["ts"]), "{ago}"),
        }

    def title(self, channel: Channel) -> str:
        """Say what a channel or direct message is called for the reader."""
        if not channel.is_im:
            return f"#{channel.name}"
        others = [member for member in channel.members if member != self.person.id]
        return self.workspace.name_of(others[0] if others else self.person.id)

    def place(self, channel_id: str) -> str:
        """Name a channel or direct message that a select holds."""
        channel = self.workspace.conversations.channels.get(channel_id)
        known = channel and channel.is_open_to(self.person.id)
        return self.title(channel) if channel and known else channel_id

    def other(self, channel: Channel) -> Person | None:
        """Find whom the reader talks to in a direct message, unless it is the app."""
        others = [member for member in channel.members if member != self.person.id]
        return self.workspace.people.get(others[0]) if channel.is_im and others else None

    def people(self) -> list[Person]:
        """List who can be chosen in a select."""
        return list(self.workspace.people.values())

    def channels(self) -> list[Channel]:
        """List the channels that the reader may see, by name."""
        channels = self.workspace.conversations.channels.values()
        open_ones = (c for c in channels if not c.is_im and c.is_open_to(self.person.id))
        return sorted(open_ones, key=lambda channel: channel.name)
