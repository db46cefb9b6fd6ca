"""Draw the page and its parts for one reader."""

import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.sandbox.slack import elements
from bot.sandbox.slack.conversations import Channel, Message
from bot.sandbox.slack.identity import TEAM_NAME, Person
from bot.sandbox.slack.page import mrkdwn
from bot.sandbox.slack.page.reader import Reader
from bot.sandbox.slack.workspace import Workspace

ATTACHED = {"good": "var(--good)", "warning": "var(--warn)", "danger": "var(--bad)"}
PLAIN = "var(--line-strong)"
LATEST = 200  # messages of a channel that are drawn
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
    environment.filters["safe_url"] = mrkdwn.safe
    environment.filters["colour"] = _colour
    environment.filters["initials"] = _initials
    return environment


def _markdown(text: str) -> Markup:
    html = MARKDOWN.render(mrkdwn.emoji(text))
    opened = re.sub(r"<a ", '<a target="_blank" rel="noopener" ', html)
    return Markup(opened)  # noqa: S704 - the renderer escapes, and takes no HTML


def _hue(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[3:7], 16) % 360


def _colour(text: str) -> str:
    return text if re.fullmatch(r"#[0-9a-fA-F]{3,8}", text) else ATTACHED.get(text, PLAIN)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


def _draw(template: str, **context: Any) -> str:
    return _templates().get_template(template).render(**context)


def welcome(workspace: Workspace) -> str:
    """Draw the first page, where one chooses who to be."""
    readers = [Reader(workspace, person) for person in workspace.people.values()]
    return _draw("welcome.html", workspace=workspace, readers=readers, team=TEAM_NAME)


def client(
    workspace: Workspace,
    person: Person,
    *,
    channel: Channel | None,
    thread_ts: str = "",
    window: str = "",
    read: str = "",
) -> str:
    """Draw the whole client; without a channel it shows the app's Home tab.

    Args:
        workspace: what is looked at.
        person: who looks.
        channel: what they have open.
        thread_ts: the thread beside it.
        window: which of their windows it is.
        read: up to which message they had seen the channel before.
    """
    reader = Reader(workspace, person)
    said = workspace.conversations.top_level(channel.id, reader=person.id) if channel else []
    return _draw(
        "client.html",
        reader=reader,
        workspace=workspace,
        team=TEAM_NAME,
        channel=channel,
        read=read,
        messages=said[-LATEST:],
        earlier=max(0, len(said) - LATEST),
        thread=_thread(workspace, reader, channel, thread_ts),
        **_sidebar(reader),
        **_shown(reader, window),
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


def _shown(reader: Reader, window: str = "") -> dict[str, Any]:
    views = reader.workspace.views
    return {
        "stack": [elements.filled_in(v) for v in views.shown_in(reader.person.id, window)],
        "home": views.home(reader.person.id),
    }


def sidebar(workspace: Workspace, person: Person) -> str:
    """Draw the sidebar anew, with what is unread."""
    reader = Reader(workspace, person)
    return _draw("sidebar.html", reader=reader, workspace=workspace, **_sidebar(reader))


def message(workspace: Workspace, person: Person, said: Message) -> str:
    """Draw one message."""
    reader = Reader(workspace, person)
    return _draw("message.html", reader=reader, workspace=workspace, said=said)


def modal(workspace: Workspace, person: Person, window: str) -> str:
    """Draw the modal that is on top in a window; nothing where none is open."""
    reader = Reader(workspace, person)
    return _draw("modal.html", reader=reader, workspace=workspace, **_shown(reader, window))


def home(workspace: Workspace, person: Person) -> str:
    """Draw the app's Home tab."""
    reader = Reader(workspace, person)
    return _draw("home.html", reader=reader, workspace=workspace, **_shown(reader))


def options(groups: list[dict[str, Any]]) -> str:
    """Draw the options that an app has offered."""
    return _draw("options.html", groups=groups)
