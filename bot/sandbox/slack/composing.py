"""Make a message of what an app sends, or refuse it as Slack does."""

import html
import re
from typing import Any

from bot.sandbox.slack import blockkit
from bot.sandbox.slack.conversations import Message
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.views import with_ids
from bot.sandbox.slack.workspace import Workspace

KEPT = ("text", "attachments", "metadata", "thread_ts", "mrkdwn", "username", "icon_emoji")


def composed(content: dict[str, Any]) -> Message:
    """Check a message's content and keep what a message has.

    Raises:
        SlackError: with the code that chat.postMessage would answer.
    """
    blockkit.check_message(content)
    message: Message = {"text": ""}
    message |= {key: content[key] for key in KEPT if content.get(key)}
    if content.get("markdown_text"):
        block = {"type": "markdown", "text": content["markdown_text"]}
        message |= {"text": content["markdown_text"], "blocks": with_ids([block])}
    elif content.get("blocks"):
        message["blocks"] = with_ids(content["blocks"])
    return message


def checked_thread(workspace: Workspace, channel_id: str, thread_ts: str) -> None:
    """Check that there is a message to hang a reply on.

    Raises:
        SlackError: thread_not_found, or cannot_reply_to_message for a reply's own timestamp.
    """
    try:
        parent = workspace.conversations.message(channel_id, thread_ts)
    except SlackError:
        raise SlackError("thread_not_found") from None
    if parent.get("thread_ts", thread_ts) != thread_ts:
        raise SlackError("cannot_reply_to_message")


def linked(workspace: Workspace, typed: str) -> str:
    """Escape what a person typed, and turn @names and #channels into Slack's own references."""
    names = {f"@{p.name}": f"<@{p.id}>" for p in workspace.people.values()}
    names[f"@{workspace.app.name}"] = f"<@{workspace.app.user_id}>"
    for channel in workspace.conversations.channels.values():
        if channel.name:
            names[f"#{channel.name}"] = f"<#{channel.id}|{channel.name}>"
    escaped = html.escape(typed, quote=False)
    escaped = re.sub(r"https?://[^\s<>]+", lambda url: f"<{url[0]}>", escaped)
    return re.sub(r"(?<!\S)[@#][\w.-]+", lambda word: names.get(word[0], word[0]), escaped)
