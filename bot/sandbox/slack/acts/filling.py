"""Fill in a modal: search its external selects, submit it, close it."""

from typing import Any

from bot.sandbox.slack import blockkit, elements, payloads, required
from bot.sandbox.slack.acts import clicking
from bot.sandbox.slack.acts.clicking import NOT_CONNECTED, Place, Touch
from bot.sandbox.slack.acts.talking import Outcome
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import AppSilent, SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.workspace import Workspace

TROUBLE = "We had some trouble connecting. Try again?"
Options = list[dict[str, Any]]


async def suggest(
    workspace: Workspace, person: Person, place: Place, *, touch: Touch
) -> list[dict[str, Any]]:
    """Ask the app for the options of an external select.

    Returns:
        Groups of options; a group without a label holds options that came without groups.

    Raises:
        SlackError: the place is not there, or the app's answer is not valid.
        AppSilent: the app did not answer.
    """
    shown = clicking.surface(workspace, person, place)
    payload = payloads.interaction(workspace, "block_suggestion", person)
    payload |= {"block_id": touch.block_id, "action_id": touch.action_id, "value": touch.value}
    if place.view_id:
        payload |= payloads.on_view(clicking.with_values(workspace, shown, place, touch.typed))
    else:
        payload |= payloads.on_message(workspace, person, shown)
    answer = await workspace.delivery.ask("interactive", payload)
    blockkit.check_options(answer)
    groups = answer.get("option_groups") or [{"options": answer.get("options", [])}]
    key = (place.key, touch.block_id, touch.action_id)
    fresh = [option for group in groups for option in group["options"]]
    values = {option["value"] for option in fresh}
    known = [option for option in workspace.offered.get(key, []) if option["value"] not in values]
    workspace.offered[key] = [*known, *fresh]
    return groups


async def submit(
    workspace: Workspace, person: Person, place: Place, *, typed: dict[str, dict[str, Any]]
) -> Outcome:
    """Submit a modal; what the form itself can tell is told before the app is asked.

    Raises:
        SlackError: the modal is not open any more.
    """
    view = clicking.surface(workspace, person, place)
    view = clicking.with_values(workspace, view, place, typed)
    problems = required.problems(view["blocks"], view["state"]["values"])
    if problems:
        return Outcome(field_errors=problems)
    workspace.views.replace(view)
    payload = payloads.interaction(workspace, "view_submission", person)
    payload |= {"trigger_id": workspace.triggers.give(person.id, place.window), "view": view}
    payload["response_urls"] = _response_urls(workspace, person, view)
    try:
        answer = await workspace.delivery.ask("interactive", payload)
        return _respond(workspace, person, view, answer=answer)
    except AppSilent as silence:
        gone = str(silence) == "dispatch_failed"
        return Outcome(error=NOT_CONNECTED if gone else TROUBLE)
    except SlackError:
        return Outcome(error=TROUBLE)


def _response_urls(workspace: Workspace, person: Person, view: dict[str, Any]) -> Options:
    urls = []
    for block, element in elements.walk(view["blocks"]):
        state = view["state"]["values"].get(block["block_id"], {}).get(element["action_id"], {})
        channel = state.get("selected_conversation") or state.get("selected_channel")
        if element.get("response_url_enabled") and channel:
            path = workspace.response_urls.give(person.id, channel)
            urls.append(
                {
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": channel,
                    "response_url": workspace.address + path,
                }
            )
    return urls


def _respond(
    workspace: Workspace, person: Person, view: dict[str, Any], *, answer: dict[str, Any]
) -> Outcome:
    action = answer.get("response_action", "")
    if action == "errors":
        return Outcome(field_errors=_field_errors(view, answer.get("errors")))
    if action in {"update", "push"}:
        content = answer.get("view")
        blockkit.check_view(content, kind="modal")
        if action == "update":
            workspace.views.update(view, content or {})
        else:
            workspace.views.push(person.id, content or {})
    elif action == "clear":
        workspace.views.clear(person.id)
    elif action:
        return Outcome(error=TROUBLE)
    else:
        workspace.views.close(person.id, view["id"])
    workspace.changes.tell(Change("modal", user=person.id))
    return Outcome()


def _field_errors(view: dict[str, Any], errors: Any) -> dict[str, str]:
    inputs = {b["block_id"] for b, _ in elements.walk(view["blocks"]) if b["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_arguments")
    return {block_id: str(text) for block_id, text in errors.items()}


async def close(workspace: Workspace, person: Person, place: Place, *, everything: bool) -> Outcome:
    """Close the modal on top, or the whole stack; apps that asked for it are told.

    Raises:
        SlackError: the modal is not open any more.
    """
    view = clicking.surface(workspace, person, place)
    cleared = everything or view["clear_on_close"]
    closed = workspace.views.stack(person.id) if cleared else [view]
    for one in reversed(list(closed)):
        workspace.views.close(person.id, one["id"])
    workspace.changes.tell(Change("modal", user=person.id))
    for one in reversed(list(closed)):
        await _tell_closed(workspace, person, one, cleared=cleared)
    return Outcome()


async def _tell_closed(
    workspace: Workspace, person: Person, view: dict[str, Any], *, cleared: bool
) -> None:
    if not view["notify_on_close"]:
        return
    payload = payloads.interaction(workspace, "view_closed", person)
    payload |= {"view": view, "is_cleared": cleared}
    try:
        await workspace.delivery.ask("interactive", payload)
    except AppSilent:
        return  # Slack does not tell the person either: the modal is gone
