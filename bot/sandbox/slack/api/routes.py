"""Answer `/api/<method>`: who calls, is it allowed, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.sandbox.slack.api import arguments, chat, members, scopes, shown, talk
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.errors import RateLimited, SlackError
from bot.sandbox.slack.workspace import Workspace

Method = Callable[[Workspace, Arguments], Awaitable[dict[str, Any]]]
METHODS: dict[str, Method] = {
    **chat.METHODS,
    **talk.METHODS,
    **members.METHODS,
    **shown.METHODS,
}
APP_METHODS = frozenset({"apps.connections.open"})
EITHER_TOKEN = frozenset({"auth.test"})


def routes(workspace: Workspace, extra: Mapping[str, Method]) -> list[Route]:
    """Make the route of the Web API."""
    methods = {**METHODS, **extra}

    async def call(request: Request) -> JSONResponse:
        name = request.path_params["method"]
        try:
            given = await arguments.read(request)
            answer = await _called(workspace, request, methods.get(name), given=given)
        except SlackError as refusal:
            return JSONResponse(refusal.answer(), headers=_scopes(workspace, name))
        except RateLimited as limit:
            seconds = str(limit.retry_after)
            body = {"ok": False, "error": "ratelimited"}
            return JSONResponse(body, status_code=429, headers={"Retry-After": seconds})
        return JSONResponse({"ok": True, **answer}, headers=_scopes(workspace, name))

    return [Route("/api/{method}", call, methods=["GET", "POST"])]


async def _called(
    workspace: Workspace, request: Request, method: Method | None, *, given: Arguments
) -> dict[str, Any]:
    name = request.path_params["method"]
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    if name == "api.test":
        return await method(workspace, given)
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    given["token"] = bearer or str(given.get("token") or "")
    _check_token(workspace, name, given["token"])
    scopes.check(workspace, name, given)
    workspace.limits.count(name, str(given.get("channel") or ""))
    return await method(workspace, given)


def _check_token(workspace: Workspace, name: str, token: str) -> None:
    known = workspace.credentials
    if not token:
        raise SlackError("not_authed")
    if token not in {known.bot_token, known.app_token}:
        raise SlackError("invalid_auth")
    if name not in EITHER_TOKEN and (name in APP_METHODS) != (token == known.app_token):
        raise SlackError("not_allowed_token_type")


def _scopes(workspace: Workspace, name: str) -> dict[str, str]:
    granted = "connections:write" if name in APP_METHODS else ",".join(workspace.app.scopes)
    return {"x-oauth-scopes": granted}
