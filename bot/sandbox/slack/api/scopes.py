"""Which scope a method asks for, so that an app meets here what its manifest forgot."""

from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import Workspace

NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.info": "{kind}:read",
    "conversations.members": "{kind}:read",
    "conversations.history": "{kind}:history",
    "conversations.replies": "{kind}:history",
    "conversations.open": "im:write",
    "conversations.join": "channels:join",
    "conversations.leave": "{kind}:manage",
    "conversations.create": "channels:manage",
    "conversations.invite": "{kind}:manage",
    "conversations.setTopic": "{kind}:manage",
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
    "bots.info": "users:read",
    "team.info": "team:read",
}
BY_TYPE = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
# Reading and managing are granted kind by kind; managing a private channel is called writing.
SPELT = {"groups:manage": "groups:write", "im:manage": "im:write"}


def check(workspace: Workspace, method: str, given: Arguments) -> None:
    """Check that the app was granted what a call needs.

    Raises:
        SlackError: missing_scope, naming what is needed and what was granted.
    """
    for scope in _needed(workspace, method, given):
        if scope not in workspace.app.scopes:
            granted = ",".join(workspace.app.scopes)
            raise SlackError("missing_scope", needed=scope, provided=granted)


def _needed(workspace: Workspace, method: str, given: Arguments) -> list[str]:
    if method == "conversations.list":
        kinds = str(given.get("types") or "public_channel").split(",")
        return [BY_TYPE[kind] for kind in kinds if kind in BY_TYPE]
    if method not in NEEDED:
        return []
    scope = NEEDED[method].format(kind=_kind(workspace, given))
    return [SPELT.get(scope, scope)]


def _kind(workspace: Workspace, given: Arguments) -> str:
    channel = workspace.conversations.channels.get(str(given.get("channel") or ""))
    if channel is None or not (channel.is_im or channel.is_private):
        return "channels"
    return "im" if channel.is_im else "groups"
