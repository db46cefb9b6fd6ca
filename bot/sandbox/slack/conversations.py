"""Channels, direct messages and what was said in them."""

import itertools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.store import Store

Message = dict[str, Any]

BROADCAST = "thread_broadcast"
"""The subtype of a reply that the channel shows, too."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to talk; a direct message is a channel without a name."""

    id: str
    name: str
    members: tuple[str, ...]
    creator: str = ""
    created: int = 0
    topic: str = ""
    is_im: bool = False
    is_private: bool = False

    def is_open_to(self, user: str) -> bool:
        """Whether somebody may know of it and read it."""
        return user in self.members or not (self.is_im or self.is_private)


class Conversations:
    """Everything that was said, in memory and written through to the store."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        """Read what the store holds."""
        self._store = store
        self._clock = clock
        self._last = 0
        self.channels: dict[str, Channel] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._replies: dict[tuple[str, str], dict[str, Message]] = {}
        self._read: dict[tuple[str, str], str] = {}
        self._ephemeral: dict[str, dict[str, Message]] = {}
        self._load()

    def _load(self) -> None:
        for key, body in self._store.every("channel"):
            self.channels[key] = Channel(**{**body, "members": tuple(body["members"])})
        for _, body in self._store.every("message"):
            self._hold(body)
            self._last = max(self._last, int(body["ts"].replace(".", "")))
        for key, ts in self._store.every("read"):
            channel, _, user = key.partition(":")
            self._read[channel, user] = ts

    def next_ts(self) -> str:
        """Give out a timestamp that no message has; Slack identifies messages by it."""
        self._last = max(self._last + 1, int(self._clock() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    # ---- channels

    def channel(self, channel_id: str) -> Channel:
        """Find a channel.

        Raises:
            SlackError: channel_not_found.
        """
        try:
            return self.channels[channel_id]
        except KeyError:
            raise SlackError("channel_not_found") from None

    def keep(self, channel: Channel) -> Channel:
        """Add a channel, or write it anew."""
        self.channels[channel.id] = channel
        self._store.put("channel", channel.id, asdict(channel))
        return channel

    def create(self, name: str, *, creator: str) -> Channel:
        """Open a public channel.

        Raises:
            SlackError: name_taken.
        """
        if any(name == channel.name for channel in self.channels.values()):
            raise SlackError("name_taken")
        number = next(n for n in itertools.count(1) if f"C0NEW{n:04d}" not in self.channels)
        created = int(self._clock())
        return self.keep(Channel(f"C0NEW{number:04d}", name, (creator,), creator, created))

    def direct(self, one: str, other: str) -> Channel:
        """Find or open the direct message between two members."""
        pair = tuple(sorted({one, other}))
        for channel in self.channels.values():
            if channel.is_im and channel.members == pair:
                return channel
        name = "".join(member.removeprefix("U0") for member in pair)
        return self.keep(Channel(f"D0{name}", "", pair, is_im=True, created=int(self._clock())))

    def join(self, channel_id: str, user: str) -> Channel:
        """Make somebody a member, if they are not one yet; a private channel is joined by invitation."""
        channel = self.channel(channel_id)
        if user in channel.members:
            return channel
        return self.keep(replace(channel, members=(*channel.members, user)))

    def leave(self, channel_id: str, user: str) -> Channel:
        """Make somebody a member no more."""
        channel = self.channel(channel_id)
        staying = tuple(member for member in channel.members if member != user)
        return self.keep(replace(channel, members=staying))

    # ---- messages

    def post(self, channel_id: str, content: Message) -> Message:
        """Add a message to a channel, or to one of its threads."""
        message = {"type": "message", "channel": channel_id, "ts": self.next_ts(), **content}
        self._hold(message)
        self._write(message)
        return message

    def rewrite(self, message: Message) -> None:
        """Put a changed message in the place of the one with its timestamp."""
        if message["ts"] in self._ephemeral.get(message["channel"], {}):
            self._ephemeral[message["channel"]][message["ts"]] = message
            return
        self._hold(message)
        self._write(message)

    def _hold(self, message: Message) -> None:
        channel, ts = message["channel"], message["ts"]
        self._messages.setdefault(channel, {})[ts] = message
        if _root(message) != ts:
            self._replies.setdefault((channel, _root(message)), {})[ts] = message

    def _write(self, message: Message) -> None:
        self._store.put("message", f"{message['channel']}:{message['ts']}", message)

    def remove(self, message: Message) -> None:
        """Delete a message for good."""
        channel, ts = message["channel"], message["ts"]
        self._ephemeral.get(channel, {}).pop(ts, None)
        self._replies.get((channel, _root(message)), {}).pop(ts, None)
        if self._messages.get(channel, {}).pop(ts, None):
            self._store.delete("message", f"{channel}:{ts}")

    def whisper(self, channel_id: str, reader: str, content: Message) -> Message:
        """Show a message to one reader only.

        Slack keeps ephemeral messages for the session and forgets them at a reload. Here a session lasts as long as
        the workspace runs: a reload shows them again, a restart does not.
        """
        message = {
            "type": "message",
            "channel": channel_id,
            "ts": self.next_ts(),
            "ephemeral_to": reader,
            **content,
        }
        self._ephemeral.setdefault(channel_id, {})[message["ts"]] = message
        return message

    def message(self, channel_id: str, ts: str) -> Message:
        """Find a message that everybody in the channel sees.

        Raises:
            SlackError: message_not_found.
        """
        self.channel(channel_id)
        try:
            return self._messages.get(channel_id, {})[ts]
        except KeyError:
            raise SlackError("message_not_found") from None

    def seen_by(self, reader: str, channel_id: str, ts: str) -> Message:
        """Find a message as one reader sees it: their ephemeral ones are among them."""
        whispered = self._ephemeral.get(channel_id, {}).get(ts)
        if whispered and whispered["ephemeral_to"] == reader:
            return whispered
        return self.message(channel_id, ts)

    def every(self) -> Iterable[Message]:
        """Walk through all messages of all channels, oldest first in each."""
        return (said for messages in self._messages.values() for said in messages.values())

    def top_level(self, channel_id: str, *, reader: str = "") -> list[Message]:
        """List what the channel itself shows, oldest first."""
        return [m for m in self._all(channel_id, reader) if is_in_channel(m)]

    def thread(self, channel_id: str, ts: str, *, reader: str = "") -> list[Message]:
        """List a thread: the message it hangs on, and the replies."""
        return [m for m in self._all(channel_id, reader) if ts in (m["ts"], m.get("thread_ts"))]

    def replies(self, channel_id: str, ts: str) -> list[Message]:
        """List the replies alone, oldest first."""
        return list(self._replies.get((channel_id, ts), {}).values())

    def whispered(self, channel_id: str, reader: str) -> list[Message]:
        """List what only one reader sees in a channel."""
        return [
            message
            for message in self._ephemeral.get(channel_id, {}).values()
            if message["ephemeral_to"] == reader
        ]

    def _all(self, channel_id: str, reader: str) -> list[Message]:
        said = self._messages.get(channel_id, {}).values()
        shown = [*said, *self.whispered(channel_id, reader)]
        return sorted(shown, key=lambda message: str(message["ts"]))

    # ---- what was read

    def mark_read(self, channel_id: str, reader: str) -> None:
        """Remember that somebody has seen everything that is in the channel now."""
        latest = max((m["ts"] for m in self._messages.get(channel_id, {}).values()), default="0")
        if self._read.get((channel_id, reader)) != latest:
            self._read[channel_id, reader] = latest
            self._store.put("read", f"{channel_id}:{reader}", latest)

    def last_read(self, channel_id: str, reader: str) -> str:
        """Say up to which message somebody has seen a channel."""
        return self._read.get((channel_id, reader), "0")

    def unread(self, channel_id: str, reader: str) -> list[Message]:
        """List what somebody has not seen yet: others' messages, and replies that mention them."""
        seen = self.last_read(channel_id, reader)
        return [
            message
            for ts, message in self._messages.get(channel_id, {}).items()
            if ts > seen and message.get("user") != reader and _concerns(message, reader)
        ]


def is_in_channel(message: Message) -> bool:
    """Whether the channel itself shows a message, and not only the thread that it is in."""
    return _root(message) == message["ts"] or message.get("subtype") == BROADCAST


def _root(message: Message) -> str:
    return str(message.get("thread_ts", message["ts"]))


def _concerns(message: Message, reader: str) -> bool:
    return is_in_channel(message) or f"<@{reader}>" in json.dumps(
        [message["text"], message.get("blocks")]
    )
