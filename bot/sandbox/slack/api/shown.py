"""views.* and blocks.validate: modals and Home tabs, strictly checked."""

from typing import Any

from bot.sandbox.slack import blockkit
from bot.sandbox.slack.api import arguments
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.triggers import Trigger
from bot.sandbox.slack.workspace import Workspace

Answer = dict[str, Any]


def _triggered_by(workspace: Workspace, given: Arguments) -> Trigger:
    trigger = given.get("trigger_id") or given.get("interactivity_pointer")
    if not trigger:
        raise SlackError("invalid_arguments", problems=["missing required field: trigger_id"])
    return workspace.triggers.exchange(str(trigger))


async def open_(workspace: Workspace, given: Arguments) -> Answer:
    """Open a modal for whoever has just acted."""
    blockkit.check_view(given.get("view"), kind="modal")
    by = _triggered_by(workspace, given)
    view = workspace.views.open(by.user, given["view"], by.window)
    workspace.changes.tell(Change("modal", user=by.user))
    return {"view": view}


async def push(workspace: Workspace, given: Arguments) -> Answer:
    """Lay a modal on the one that is open."""
    blockkit.check_view(given.get("view"), kind="modal")
    user = _triggered_by(workspace, given).user
    view = workspace.views.push(user, given["view"])
    workspace.changes.tell(Change("modal", user=user))
    return {"view": view}


async def update(workspace: Workspace, given: Arguments) -> Answer:
    """Change a view in its place."""
    by_id, by_external_id = given.get("view_id") or "", given.get("external_id") or ""
    if not by_id and not by_external_id:
        raise SlackError("invalid_arguments", problems=["missing required field: view_id"])
    user, before = workspace.views.find(view_id=by_id, external_id=by_external_id)
    blockkit.check_view(given.get("view"), kind=before["type"])
    view = workspace.views.update(before, given["view"], given.get("hash") or "")
    workspace.changes.tell(Change(before["type"], user=user))
    return {"view": view}


async def publish(workspace: Workspace, given: Arguments) -> Answer:
    """Show a Home tab."""
    arguments.required(given, "user_id")
    blockkit.check_view(given.get("view"), kind="home")
    user = workspace.person(str(given["user_id"])).id
    view = workspace.views.publish(user, given["view"], given.get("hash") or "")
    workspace.changes.tell(Change("home", user=user))
    return {"view": view}


async def validate(_workspace: Workspace, given: Arguments) -> Answer:
    """Check blocks, a message or a view, and change nothing."""
    kinds = [kind for kind in ("blocks", "message", "view") if given.get(kind) is not None]
    if len(kinds) != 1:
        raise SlackError("invalid_arguments", problems=["exactly one of blocks, message or view"])
    errors = blockkit.problems_of(kinds[0], given[kinds[0]])
    if errors:
        raise SlackError(f"invalid_{kinds[0]}", errors=errors)
    return {}


METHODS = {
    "views.open": open_,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
    "blocks.validate": validate,
}
