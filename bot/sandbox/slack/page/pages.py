"""Serve the page."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import Person
from bot.sandbox.slack.page import following, rendering
from bot.sandbox.slack.workspace import GENERAL, Workspace

HOME = "home"
WINDOW = "x-window"  # which of their windows somebody looks at
STATIC = Path(__file__).with_name("static")
TS_DIGITS = 6


def routes(workspace: Workspace) -> list[BaseRoute]:
    """Make the routes of the page."""

    async def welcome(_request: Request) -> Response:
        return HTMLResponse(rendering.welcome(workspace))

    async def client(request: Request) -> Response:
        try:
            person = workspace.person(request.path_params["user"])
            return HTMLResponse(_client(workspace, person, request))
        except SlackError as refusal:
            return PlainTextResponse(f"There is nothing here: {refusal.code}", status_code=404)

    async def direct(request: Request) -> Response:
        user, other = request.path_params["user"], request.path_params["other"]
        channel = workspace.conversations.direct(user, other)
        return RedirectResponse(f"/client/{user}/{channel.id}", status_code=303)

    async def permalink(request: Request) -> Response:
        user = request.query_params.get("as") or next(iter(workspace.people))
        digits = request.path_params["digits"].lstrip("p")
        ts = f"{digits[:-TS_DIGITS]}.{digits[-TS_DIGITS:]}"
        thread = request.query_params.get("thread_ts", ts)
        channel = request.path_params["channel"]
        return RedirectResponse(f"/client/{user}/{channel}?thread={thread}", status_code=303)

    return [
        Route("/", welcome),
        Route("/client/{user}/with/{other}", direct),
        following.route(workspace),
        Route("/client/{user}/{place}", client),
        Route("/archives/{channel}/{digits}", permalink),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _client(workspace: Workspace, person: Person, request: Request) -> str:
    place, window = request.path_params["place"], request.headers.get(WINDOW, "")
    if place == HOME:
        return rendering.client(workspace, person, channel=None, window=window)
    channel = workspace.conversations.channel(place)
    if not channel.is_open_to(person.id):
        channel = workspace.conversations.channel(GENERAL)
    read = workspace.conversations.last_read(channel.id, person.id)
    workspace.conversations.mark_read(channel.id, person.id)
    return rendering.client(
        workspace,
        person,
        channel=channel,
        thread_ts=request.query_params.get("thread", ""),
        window=window,
        read=read,
    )
