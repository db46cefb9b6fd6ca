"""chat.*: the app says something."""

from typing import Any

from bot.sandbox.slack import composing
from bot.sandbox.slack.api import arguments
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.conversations import BROADCAST, Channel, Message
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.payloads import public
from bot.sandbox.slack.workspace import Workspace

Answer = dict[str, Any]


def _place(workspace: Workspace, given: Arguments) -> Channel:
    """Find where to post; a user's id stands for the direct message with them."""
    wanted = str(given.get("channel") or "")
    if wanted in workspace.people:
        return workspace.direct_with_app(wanted)
    named = [c for c in workspace.conversations.channels.values() if c.name == wanted.lstrip("#")]
    channel = named[0] if named and wanted else workspace.conversations.channel(wanted)
    if not channel.is_open_to(workspace.app.user_id):
        raise SlackError("channel_not_found")
    return channel


def _joined(workspace: Workspace, channel: Channel) -> None:
    if workspace.app.user_id not in channel.members:
        raise SlackError("not_in_channel")


async def post_message(workspace: Workspace, given: Arguments) -> Answer:
    """Post to a channel, a thread, both, or a direct message; chat:write.public opens all public channels."""
    channel = _place(workspace, given)
    if "chat:write.public" not in workspace.app.scopes:
        _joined(workspace, channel)
    thread_ts = arguments.timestamp(given, "thread_ts")
    content = workspace.app_says(composing.composed(given))
    if thread_ts:
        composing.checked_thread(workspace, channel.id, thread_ts)
        if arguments.flag(given, "reply_broadcast"):
            content["subtype"] = BROADCAST
    message = workspace.say(channel.id, content)
    return {"channel": channel.id, "ts": message["ts"], "message": public(message)}


async def post_ephemeral(workspace: Workspace, given: Arguments) -> Answer:
    """Show a message to one member of a channel."""
    arguments.required(given, "user")
    channel = _place(workspace, given)
    _joined(workspace, channel)
    if given["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    content = workspace.app_says(composing.composed(given))
    message = workspace.whisper(channel.id, given["user"], content)
    return {"message_ts": message["ts"]}


async def update(workspace: Workspace, given: Arguments) -> Answer:
    """Rewrite one of the app's own messages; text without blocks takes the blocks away."""
    message = _own(workspace, given, refusal="cant_update_message")
    content = composing.composed({"text": "", **given, "thread_ts": None})
    kept = {k: v for k, v in message.items() if k not in {"text", "blocks", "attachments"}}
    changed = {**kept, **content}
    if "blocks" not in changed:
        at = workspace.conversations.next_ts()
        changed["edited"] = {"user": workspace.app.user_id, "ts": at}
    if given.get("metadata") == {}:
        changed.pop("metadata", None)
    workspace.conversations.rewrite(changed)
    workspace.show(changed)
    return {
        "channel": message["channel"],
        "ts": message["ts"],
        "text": changed["text"],
        "message": public(changed),
    }


async def delete(workspace: Workspace, given: Arguments) -> Answer:
    """Delete one of the app's own messages."""
    message = _own(workspace, given, refusal="cant_delete_message")
    workspace.unsay(message)
    return {"channel": message["channel"], "ts": message["ts"]}


def _own(workspace: Workspace, given: Arguments, *, refusal: str) -> Message:
    arguments.required(given, "channel", "ts")
    ts = arguments.timestamp(given, "ts")
    message = workspace.conversations.message(str(given["channel"]), ts)
    if message.get("bot_id") != workspace.app.bot_id:
        raise SlackError(refusal)
    return message


async def get_permalink(workspace: Workspace, given: Arguments) -> Answer:
    """Say where a message can be looked at."""
    arguments.required(given, "channel", "message_ts")
    message = workspace.conversations.message(str(given["channel"]), str(given["message_ts"]))
    channel, ts = message["channel"], message["ts"]
    link = f"{workspace.address}/archives/{channel}/p{ts.replace('.', '')}"
    thread = message.get("thread_ts", ts)
    if thread != ts:
        link += f"?thread_ts={thread}&cid={channel}"
    return {"channel": channel, "permalink": link}


METHODS = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
}
