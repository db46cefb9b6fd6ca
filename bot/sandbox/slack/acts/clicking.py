"""Press a button or choose from a menu, in a message or in a view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack import elements, payloads
from bot.sandbox.slack.acts.talking import Outcome
from bot.sandbox.slack.errors import AppSilent, SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.workspace import Workspace

NOT_ANSWERED = "The app did not respond. Try again in a moment."
NOT_CONNECTED = "No app is connected to this workspace."


@dataclass(frozen=True, slots=True)
class Place:
    """What an act happens on: a view, or a message in a channel."""

    view_id: str = ""
    channel: str = ""
    ts: str = ""
    window: str = ""  # of the page; one person may have several

    @property
    def key(self) -> str:
        """Name the place, to remember the options that were offered there."""
        return self.view_id or f"{self.channel}:{self.ts}"


@dataclass(frozen=True, slots=True)
class Touch:
    """One element that was used, and what everything beside it holds."""

    block_id: str
    action_id: str
    value: Any = None
    typed: dict[str, dict[str, Any]] = field(default_factory=dict)


def surface(workspace: Workspace, person: Person, place: Place) -> dict[str, Any]:
    """Find the view or message that somebody acts on.

    Raises:
        SlackError: it is not there, or not theirs to see.
    """
    if not place.view_id:
        return workspace.conversations.seen_by(person.id, place.channel, place.ts)
    owner, view = workspace.views.find(view_id=place.view_id)
    if owner != person.id:
        raise SlackError("not_found")
    return view


def offered_at(workspace: Workspace, place: Place) -> Mapping[tuple[str, str], Any]:
    """List the options that external selects were offered in a place."""
    return {
        (block_id, action_id): options
        for (key, block_id, action_id), options in workspace.offered.items()
        if key == place.key
    }


def with_values(
    workspace: Workspace, view: dict[str, Any], place: Place, typed: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Write what was typed into a view's state."""
    offered = dict(offered_at(workspace, place))
    return {**view, "state": {"values": elements.values_of(view["blocks"], typed, offered)}}


async def click(workspace: Workspace, person: Person, place: Place, *, touch: Touch) -> Outcome:
    """Deliver the use of one element as `block_actions`.

    Raises:
        SlackError: the place or the element is not there.
    """
    shown = surface(workspace, person, place)
    found = elements.find(shown.get("blocks", []), touch.block_id, touch.action_id)
    if found is None:
        raise SlackError("not_found")
    payload = payloads.interaction(workspace, "block_actions", person)
    payload["trigger_id"] = workspace.triggers.give(person.id, place.window)
    shown = with_values(workspace, {"blocks": [], **shown}, place, _all_typed(touch))
    if place.view_id:
        workspace.views.replace(shown)
        payload |= payloads.on_view(shown)
    else:
        payload |= {**payloads.on_message(workspace, person, shown), "state": shown["state"]}
        payload["message"].pop("state")
    offered = offered_at(workspace, place).get((touch.block_id, touch.action_id), [])
    payload["actions"] = [
        {**_action(found[1], touch, offered), "action_ts": workspace.conversations.next_ts()}
    ]
    try:
        await workspace.delivery.ask("interactive", payload)
    except AppSilent as silence:
        gone = str(silence) == "dispatch_failed"
        return Outcome(error=NOT_CONNECTED if gone else NOT_ANSWERED)
    return Outcome()


def _all_typed(touch: Touch) -> dict[str, dict[str, Any]]:
    if touch.value is None:
        return touch.typed
    block = {**touch.typed.get(touch.block_id, {}), touch.action_id: touch.value}
    return {**touch.typed, touch.block_id: block}


def _action(element: dict[str, Any], touch: Touch, offered: list[Any]) -> dict[str, Any]:
    action: dict[str, Any] = {
        "action_id": touch.action_id,
        "block_id": touch.block_id,
        "type": element["type"],
    }
    if element["type"] == "button":
        return action | {key: element[key] for key in ("text", "value", "style") if key in element}
    if element["type"] == "overflow":
        chosen = [option for option in element["options"] if option.get("value") == touch.value]
        return {**action, "selected_option": chosen[0] if chosen else None}
    return {**action, **elements.state_of(element, touch.value, offered)}
