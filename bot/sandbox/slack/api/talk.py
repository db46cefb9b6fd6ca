"""conversations.*: where people talk, and what they said."""

from dataclasses import replace
from typing import Any

from bot.sandbox.slack.api import arguments
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.conversations import Channel, Message
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.payloads import public
from bot.sandbox.slack.workspace import Workspace

Answer = dict[str, Any]
LONGEST_NAME = 80
LONGEST_TOPIC = 250


def described(workspace: Workspace, channel: Channel) -> Answer:
    """Word a channel as Slack does."""
    is_member = workspace.app.user_id in channel.members
    common = {"id": channel.id, "created": channel.created, "is_archived": False}
    if channel.is_im:
        others = [member for member in channel.members if member != workspace.app.user_id]
        return {**common, "is_im": True, "is_channel": False, "user": others[0], "is_open": True}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_member": is_member,
        "creator": channel.creator,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": 0},
        "purpose": {"value": channel.topic, "creator": channel.creator, "last_set": 0},
    }


def _type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _visible(workspace: Workspace, given: Arguments) -> Channel:
    arguments.required(given, "channel")
    channel = workspace.conversations.channel(str(given["channel"]))
    if not channel.is_open_to(workspace.app.user_id):
        raise SlackError("channel_not_found")
    return channel


def _joined(workspace: Workspace, given: Arguments) -> Channel:
    channel = _visible(workspace, given)
    if workspace.app.user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _paged(name: str, items: list[Any], cursor: str) -> Answer:
    return {name: items, "response_metadata": {"next_cursor": cursor}}


async def list_(workspace: Workspace, given: Arguments) -> Answer:
    """List channels, and direct messages where they are asked for."""
    kinds = str(given.get("types") or "public_channel").split(",")
    channels = [
        described(workspace, channel)
        for channel in workspace.conversations.channels.values()
        if _type(channel) in kinds and channel.is_open_to(workspace.app.user_id)
    ]
    return _paged("channels", *arguments.page(given, channels))


async def info(workspace: Workspace, given: Arguments) -> Answer:
    """Describe a channel."""
    return {"channel": described(workspace, _visible(workspace, given))}


async def members(workspace: Workspace, given: Arguments) -> Answer:
    """List a channel's members."""
    channel = _visible(workspace, given)
    return _paged("members", *arguments.page(given, list(channel.members)))


async def history(workspace: Workspace, given: Arguments) -> Answer:
    """List what a channel shows, newest first."""
    channel = _joined(workspace, given)
    said = [m for m in workspace.conversations.top_level(channel.id) if _within(given, m)]
    page, cursor = arguments.page(given, said[::-1])
    answer = _paged("messages", [_told(workspace, given, m) for m in page], cursor)
    return {**answer, "has_more": bool(cursor), "pin_count": 0}


async def replies(workspace: Workspace, given: Arguments) -> Answer:
    """List a thread, oldest first."""
    channel = _joined(workspace, given)
    arguments.required(given, "ts")
    thread = workspace.conversations.thread(channel.id, str(given["ts"]))
    if not thread:
        raise SlackError("thread_not_found")
    said = [thread[0], *(m for m in thread[1:] if _within(given, m))]
    page, cursor = arguments.page(given, said)
    answer = _paged("messages", [_told(workspace, given, m) for m in page], cursor)
    return {**answer, "has_more": bool(cursor)}


def _within(given: Arguments, message: Message) -> bool:
    ts = float(message["ts"])
    oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or "inf")
    if arguments.flag(given, "inclusive"):
        return oldest <= ts <= latest
    return oldest < ts < latest


def _told(workspace: Workspace, given: Arguments, message: Message) -> Message:
    told = public(message)
    if not arguments.flag(given, "include_all_metadata"):
        told.pop("metadata", None)
    answers = workspace.conversations.replies(message["channel"], message["ts"])
    if answers:
        told |= {
            "thread_ts": message["ts"],
            "reply_count": len(answers),
            "reply_users": sorted({answer["user"] for answer in answers}),
            "reply_users_count": len({answer["user"] for answer in answers}),
            "latest_reply": answers[-1]["ts"],
        }
    return told


async def open_(workspace: Workspace, given: Arguments) -> Answer:
    """Find or open the direct message with a member."""
    if given.get("channel"):
        return {"channel": {"id": _visible(workspace, given).id}}
    users = str(given.get("users") or "").split(",")
    if users == [""]:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    channel = workspace.direct_with_app(workspace.person(users[0]).id)
    if arguments.flag(given, "return_im"):
        return {"channel": described(workspace, channel)}
    return {"channel": {"id": channel.id}}


async def join(workspace: Workspace, given: Arguments) -> Answer:
    """Make the app a member."""
    before = _visible(workspace, given)
    if before.is_im or before.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    channel = workspace.conversations.join(before.id, workspace.app.user_id)
    answer: Answer = {"channel": described(workspace, channel)}
    if before == channel:
        answer["warning"] = "already_in_channel"
    return answer


async def leave(workspace: Workspace, given: Arguments) -> Answer:
    """Make the app a member no more."""
    channel = _visible(workspace, given)
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.name == "general":
        raise SlackError("cant_leave_general")
    if workspace.app.user_id not in channel.members:
        return {"not_in_channel": True}
    workspace.conversations.leave(channel.id, workspace.app.user_id)
    return {}


async def set_topic(workspace: Workspace, given: Arguments) -> Answer:
    """Say what a channel is about."""
    channel = _joined(workspace, given)
    topic = str(given.get("topic") or "")
    if len(topic) > LONGEST_TOPIC:
        raise SlackError("too_long")
    changed = workspace.conversations.keep(replace(channel, topic=topic))
    return {"channel": described(workspace, changed)}


async def create(workspace: Workspace, given: Arguments) -> Answer:
    """Make a public channel."""
    name = str(given.get("name") or "")
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise SlackError("invalid_name_maxlength")
    if name != name.lower() or not all(sign.isalnum() or sign in "-_" for sign in name):
        raise SlackError("invalid_name_specials")
    channel = workspace.conversations.create(name, creator=workspace.app.user_id)
    workspace.changes.tell(Change("sidebar"))
    return {"channel": described(workspace, channel)}


async def invite(workspace: Workspace, given: Arguments) -> Answer:
    """Make others members."""
    channel = _joined(workspace, given)
    arguments.required(given, "users")
    for user in str(given["users"]).split(","):
        channel = workspace.conversations.join(channel.id, workspace.person(user).id)
    workspace.changes.tell(Change("sidebar"))
    return {"channel": described(workspace, channel)}


METHODS = {
    "conversations.list": list_,
    "conversations.info": info,
    "conversations.members": members,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.open": open_,
    "conversations.join": join,
    "conversations.leave": leave,
    "conversations.setTopic": set_topic,
    "conversations.create": create,
    "conversations.invite": invite,
}
