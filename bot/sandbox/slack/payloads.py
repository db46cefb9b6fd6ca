"""Word what a person did as the payloads that Slack sends."""

import secrets
import time
from typing import Any

from bot.sandbox.slack.conversations import Channel, Message
from bot.sandbox.slack.delivery import TOKEN
from bot.sandbox.slack.identity import TEAM_DOMAIN, TEAM_ID, Person
from bot.sandbox.slack.workspace import Workspace

Payload = dict[str, Any]


def user(person: Person) -> Payload:
    """Name who acted, as interaction payloads do."""
    return {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID}


def channel_name(channel: Channel) -> str:
    """Name a channel as payloads do."""
    if channel.is_private:
        return "privategroup"
    return "directmessage" if channel.is_im else channel.name


def interaction(workspace: Workspace, kind: str, person: Person) -> Payload:
    """Start an interaction payload: what all kinds of them have."""
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": user(person),
        "api_app_id": workspace.app.id,
        "token": TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(
    workspace: Workspace,
    person: Person,
    channel: Channel,
    *,
    command: str,
    text: str,
    window: str,
) -> Payload:
    """Word a slash command."""
    answer_path = workspace.response_urls.give(person.id, channel.id)
    return {
        "token": TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app.id,
        "is_enterprise_install": "false",
        "response_url": workspace.address + answer_path,
        "trigger_id": workspace.triggers.give(person.id, window),
    }


def event(workspace: Workspace, content: Payload) -> Payload:
    """Wrap an event as the Events API does."""
    return {
        "token": TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": workspace.app.id,
        "type": "event_callback",
        "event": content,
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": workspace.app.user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def on_message(workspace: Workspace, person: Person, message: Message) -> Payload:
    """Say which message an interaction happened on."""
    channel = workspace.conversations.channel(message["channel"])
    answer_path = workspace.response_urls.give(
        person.id,
        channel.id,
        message_ts=message["ts"],
        thread_ts=message.get("thread_ts", ""),
    )
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": "ephemeral_to" in message,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    return {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message": public(message),
        "response_url": workspace.address + answer_path,
    }


def on_view(view: Payload) -> Payload:
    """Say which view an interaction happened on."""
    return {"container": {"type": "view", "view_id": view["id"]}, "view": view}


def public(message: Message) -> Message:
    """Leave out of a message what only the workspace itself needs to know."""
    return {key: value for key, value in message.items() if key not in {"channel", "ephemeral_to"}}
