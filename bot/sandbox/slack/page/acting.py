"""Take in what people do at the page, as JSON; scripts and tests may do it too."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.slack.acts import clicking, filling, talking
from bot.sandbox.slack.acts.clicking import Place, Touch
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import AppSilent, SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.page import rendering
from bot.sandbox.slack.workspace import Workspace

Given = dict[str, Any]
Act = Callable[[Workspace, Person, Given], Awaitable[Given]]
UNANSWERED = {
    "dispatch_failed": "No app is connected to this workspace.",
    "operation_timeout": "The options did not come within 3 seconds.",
}


def routes(workspace: Workspace) -> list[Route]:
    """Make the route of everything that a person can do."""

    async def act(request: Request) -> Response:
        try:
            person = workspace.person(request.path_params["user"])
            answer = await _act(request.path_params["act"])(workspace, person, await request.json())
        except SlackError as refusal:
            return JSONResponse(refusal.answer())
        return JSONResponse(answer)

    return [Route("/sandbox/slack/as/{user}/{act}", act, methods=["POST"])]


def _act(name: str) -> Act:
    try:
        return ACTS[name]
    except KeyError:
        raise SlackError("unknown_method", req_method=name) from None


def _place(given: Given) -> Place:
    return Place(*(given.get(name, "") for name in ("view_id", "channel", "ts", "window")))


def _touch(given: Given) -> Touch:
    return Touch(given["block_id"], given["action_id"], given.get("value"), given.get("values", {}))


async def _say(workspace: Workspace, person: Person, given: Given) -> Given:
    outcome = await talking.send(
        workspace,
        person,
        given["channel"],
        text=given["text"],
        thread_ts=given.get("thread_ts", ""),
        window=given.get("window", ""),
    )
    return outcome.answer()


async def _click(workspace: Workspace, person: Person, given: Given) -> Given:
    outcome = await clicking.click(workspace, person, _place(given), touch=_touch(given))
    return outcome.answer()


async def _submit(workspace: Workspace, person: Person, given: Given) -> Given:
    typed = given.get("values", {})
    outcome = await filling.submit(workspace, person, _place(given), typed=typed)
    return outcome.answer()


async def _close(workspace: Workspace, person: Person, given: Given) -> Given:
    everything = bool(given.get("everything"))
    outcome = await filling.close(workspace, person, _place(given), everything=everything)
    return outcome.answer()


async def _suggest(workspace: Workspace, person: Person, given: Given) -> Given:
    try:
        groups = await filling.suggest(workspace, person, _place(given), touch=_touch(given))
    except AppSilent as silence:
        return {"ok": False, "error": UNANSWERED.get(str(silence), "The app could not be asked.")}
    except SlackError:
        return {"ok": False, "error": "The app's answer is not a valid list of options."}
    return {"ok": True, "groups": groups, "html": rendering.options(groups)}


async def _read(workspace: Workspace, person: Person, given: Given) -> Given:
    workspace.conversations.mark_read(given["channel"], person.id)
    workspace.changes.tell(Change("sidebar", user=person.id))
    return {"ok": True}


async def _home(workspace: Workspace, person: Person, _given: Given) -> Given:
    talking.open_home(workspace, person)
    return {"ok": True}


ACTS: dict[str, Act] = {
    "say": _say,
    "click": _click,
    "submit": _submit,
    "close": _close,
    "suggest": _suggest,
    "read": _read,
    "home": _home,
}
