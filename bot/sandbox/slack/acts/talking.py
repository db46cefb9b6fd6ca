"""Send what was typed into the composer: a message, or a slash command."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack import composing, payloads
from bot.sandbox.slack.conversations import Channel
from bot.sandbox.slack.errors import AppSilent, SlackError
from bot.sandbox.slack.identity import TEAM_ID, Person
from bot.sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act; an error is worded for the person."""

    error: str = ""
    field_errors: dict[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Word it as JSON for the page."""
        ok = not self.error and not self.field_errors
        return {"ok": ok, "error": self.error, "errors": self.field_errors}


async def send(
    workspace: Workspace,
    person: Person,
    channel_id: str,
    *,
    text: str,
    thread_ts: str = "",
    window: str = "",
) -> Outcome:
    """Send a line; one that starts with a slash is a command."""
    channel = _open_to(workspace, person, channel_id)
    if text.startswith("/"):
        return await _command(workspace, person, channel, typed=text, window=window)
    content = {"user": person.id, "team": TEAM_ID, "text": composing.linked(workspace, text)}
    if thread_ts:
        content["thread_ts"] = thread_ts
    message = workspace.say(channel_id, content)
    workspace.conversations.mark_read(channel_id, person.id)
    _announce(workspace, channel, message)
    return Outcome()


def _open_to(workspace: Workspace, person: Person, channel_id: str) -> Channel:
    """Find where somebody writes; they join a public channel by it."""
    channel = workspace.conversations.channel(channel_id)
    if not channel.is_open_to(person.id):
        raise SlackError("channel_not_found")
    to_app = channel.is_im and workspace.app.user_id in channel.members
    if to_app and not workspace.app.takes_messages:
        raise SlackError("restricted_action")
    return workspace.conversations.join(channel_id, person.id)


async def _command(
    workspace: Workspace, person: Person, channel: Channel, *, typed: str, window: str
) -> Outcome:
    command, _, text = typed.partition(" ")
    if command not in {known.name for known in workspace.app.commands}:
        workspace.app_whispers(
            channel.id,
            person.id,
            f"`{command}` is not a valid command. In Slack, all messages that start with the"
            ' "/" character are interpreted as commands.',
        )
        return Outcome(error="unknown_command")
    payload = payloads.slash_command(
        workspace, person, channel, command=command, text=text.strip(), window=window
    )
    try:
        answer = await workspace.delivery.ask("slash_commands", payload)
        _answered(workspace, person, channel, answer=answer)
    except AppSilent as silence:
        return _failed(workspace, person, channel, command=command, reason=str(silence))
    except SlackError:
        return _failed(
            workspace, person, channel, command=command, reason="invalid_command_response"
        )
    return Outcome()


REASONS = {
    "dispatch_failed": "No app is connected to this workspace.",
    "operation_timeout": "The app did not answer within 3 seconds.",
    "invalid_command_response": "The app's answer is not a valid message.",
}


def _failed(
    workspace: Workspace, person: Person, channel: Channel, *, command: str, reason: str
) -> Outcome:
    words = REASONS.get(reason, "The app answered with an error.")
    workspace.app_whispers(
        channel.id, person.id, f'`{command}` failed with the error "{reason}". {words}'
    )
    return Outcome(error=reason)


def _answered(
    workspace: Workspace, person: Person, channel: Channel, *, answer: dict[str, Any]
) -> None:
    if not answer:
        return
    content = workspace.app_says(composing.composed(answer))
    if answer.get("response_type") == "in_channel":
        workspace.say(channel.id, content)
    else:
        workspace.whisper(channel.id, person.id, content)


def _announce(workspace: Workspace, channel: Channel, message: dict[str, Any]) -> None:
    mentioned = f"<@{workspace.app.user_id}>" in message["text"]
    about = {**payloads.public(message), "channel": channel.id, "event_ts": message["ts"]}
    if mentioned and not channel.is_im and "app_mention" in workspace.app.events:
        workspace.delivery.announce(payloads.event(workspace, {**about, "type": "app_mention"}))
    kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
    subscribed = f"message.{kind if channel.is_im else kind + 's'}" in workspace.app.events
    if subscribed and workspace.app.user_id in channel.members:
        workspace.delivery.announce(payloads.event(workspace, {**about, "channel_type": kind}))


def open_home(workspace: Workspace, person: Person) -> None:
    """Tell the app that somebody looks at its Home tab."""
    if "app_home_opened" not in workspace.app.events:
        return
    content: dict[str, Any] = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": workspace.direct_with_app(person.id).id,
        "tab": "home",
        "event_ts": workspace.conversations.next_ts(),
    }
    if view := workspace.views.home(person.id):
        content["view"] = view
    workspace.delivery.announce(payloads.event(workspace, content))
