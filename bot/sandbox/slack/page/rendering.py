"""Draw the page and its parts for one reader."""

import hashlib
import re
import time
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.sandbox.slack.conversations import Channel, Message
from bot.sandbox.slack.identity import TEAM_NAME, Person
from bot.sandbox.slack.page import dates, mrkdwn
from bot.sandbox.slack.workspace import Workspace

SLACKBOT = "USLACKBOT"
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@cache
def _templates() -> Environment:
    loader = PackageLoader("bot.sandbox.slack.page")
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["emoji"] = mrkdwn.emoji
    environment.filters["markdown"] = _markdown
    environment.filters["hue"] = _hue
    environment.filters["initials"] = _initials
    return environment


def _markdown(text: str) -> Markup:
    html = MARKDOWN.render(mrkdwn.emoji(text))
    opened = re.sub(r"<a ", '<a target="_blank" rel="noopener" ', html)
    return Markup(opened)  # noqa: S704 - the renderer escapes, and takes no HTML


def _hue(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


class Reader:
    """One person's view of the workspace: names, dates in their zone, what is theirs to see."""

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
        if channel is None:
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
            return {"id": user, "name": "Slackbot", "is_app": True}
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

    def people(self) -> list[Person]:
        """List who can be chosen in a select."""
        return list(self.workspace.people.values())

    def channels(self) -> list[Channel]:
        """List the channels, by name."""
        channels = self.workspace.conversations.channels.values()
        return sorted((c for c in channels if not c.is_im), key=lambda channel: channel.name)


def _draw(template: str, **context: Any) -> str:
    return _templates().get_template(template).render(**context)


def welcome(workspace: Workspace) -> str:
    """Draw the first page, where one chooses who to be."""
    return _draw("welcome.html", workspace=workspace, team=TEAM_NAME)


def client(
    workspace: Workspace, person: Person, *, channel: Channel | None, thread_ts: str = ""
) -> str:
    """Draw the whole client; without a channel it shows the app's Home tab."""
    reader = Reader(workspace, person)
    return _draw(
        "client.html",
        reader=reader,
        workspace=workspace,
        team=TEAM_NAME,
        channel=channel,
        messages=(
            workspace.conversations.top_level(channel.id, reader=person.id) if channel else []
        ),
        thread=_thread(workspace, reader, channel, thread_ts),
        **_sidebar(reader),
        **_shown(reader),
    )


def _thread(
    workspace: Workspace, reader: Reader, channel: Channel | None, thread_ts: str
) -> dict[str, Any] | None:
    if not channel or not thread_ts:
        return None
    said = workspace.conversations.thread(channel.id, thread_ts, reader=reader.person.id)
    return {"ts": thread_ts, "messages": said} if said else None


def _sidebar(reader: Reader) -> dict[str, Any]:
    workspace, person = reader.workspace, reader.person
    directs = {
        other: channel
        for channel in workspace.conversations.channels.values()
        if channel.is_im and person.id in channel.members
        for other in channel.members
        if other != person.id
    }
    app_channel = workspace.direct_with_app(person.id)
    listed = [*reader.channels(), *directs.values()]
    unread = {c.id: len(workspace.conversations.unread(c.id, person.id)) for c in listed}
    return {"directs": directs, "app_channel": app_channel, "unread": unread}


def _shown(reader: Reader) -> dict[str, Any]:
    return {
        "stack": reader.workspace.views.stack(reader.person.id),
        "home": reader.workspace.views.home(reader.person.id),
    }


def sidebar(workspace: Workspace, person: Person) -> str:
    """Draw the sidebar anew, with what is unread."""
    reader = Reader(workspace, person)
    return _draw("sidebar.html", reader=reader, workspace=workspace, **_sidebar(reader))


def message(workspace: Workspace, person: Person, said: Message) -> str:
    """Draw one message."""
    reader = Reader(workspace, person)
    return _draw("message.html", reader=reader, workspace=workspace, said=said)


def modal(workspace: Workspace, person: Person) -> str:
    """Draw the modal that is on top; nothing where none is open."""
    reader = Reader(workspace, person)
    return _draw("modal.html", reader=reader, workspace=workspace, **_shown(reader))


def home(workspace: Workspace, person: Person) -> str:
    """Draw the app's Home tab."""
    reader = Reader(workspace, person)
    return _draw("home.html", reader=reader, workspace=workspace, **_shown(reader))


def options(groups: list[dict[str, Any]]) -> str:
    """Draw the options that an app has offered."""
    return _draw("options.html", groups=groups)
