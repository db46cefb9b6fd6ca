"""Look into the workspace from outside, and turn its few switches."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.errors import SlackError, UrlNotVerified
from bot.sandbox.slack.workspace import Workspace


def routes(workspace: Workspace) -> list[Route]:
    """Make the routes below /sandbox/slack that are nobody's acts."""
    return [*_looking(workspace), *_setting(workspace)]


def _looking(workspace: Workspace) -> list[Route]:
    async def messages(_request: Request) -> JSONResponse:
        return JSONResponse(list(workspace.conversations.every()))

    async def whispers(request: Request) -> JSONResponse:
        reader = workspace.person(request.path_params["user"]).id
        shown = [
            message
            for channel in workspace.conversations.channels
            for message in workspace.conversations.whispered(channel, reader)
        ]
        return JSONResponse(shown)

    async def views(request: Request) -> JSONResponse:
        user = workspace.person(request.path_params["user"]).id
        return JSONResponse(
            {"modals": workspace.views.stack(user), "home": workspace.views.home(user)}
        )

    return [
        Route("/sandbox/slack/messages", messages),
        Route("/sandbox/slack/ephemeral/{user}", whispers),
        Route("/sandbox/slack/views/{user}", views),
    ]


def _setting(workspace: Workspace) -> list[Route]:
    async def switches(request: Request) -> JSONResponse:
        if request.method == "POST":
            try:
                await _switch(workspace, await request.json())
            except UrlNotVerified as refusal:
                return JSONResponse({"ok": False, "error": str(refusal)}, status_code=400)
        return JSONResponse(_switches(workspace))

    async def manifest(request: Request) -> JSONResponse:
        try:
            workspace.install((await request.body()).decode("utf-8", "replace"))
        except SlackError as refusal:
            return JSONResponse(refusal.answer(), status_code=400)
        workspace.changes.tell(Change("sidebar"))
        app = workspace.app
        told = {"name": app.name, "scopes": app.scopes, "events": app.events}
        return JSONResponse({**told, "commands": [command.name for command in app.commands]})

    async def refresh(_request: Request) -> JSONResponse:
        return JSONResponse({"refreshed": await workspace.delivery.sockets.refresh()})

    return [
        Route("/sandbox/slack/settings", switches, methods=["GET", "POST"]),
        Route("/sandbox/slack/manifest", manifest, methods=["POST"]),
        Route("/sandbox/slack/refresh", refresh, methods=["POST"]),
    ]


async def _switch(workspace: Workspace, wanted: dict[str, Any]) -> None:
    if "rate_limits" in wanted:
        workspace.limits.on = bool(wanted["rate_limits"])
    if "request_url" in wanted:
        url = str(wanted["request_url"])
        if url:
            await workspace.delivery.requests.verify(url)
        workspace.delivery.requests.url = url


def _switches(workspace: Workspace) -> dict[str, Any]:
    return {
        "rate_limits": workspace.limits.on,
        "request_url": workspace.delivery.requests.url,
        "sockets": len(workspace.delivery.sockets),
    }
