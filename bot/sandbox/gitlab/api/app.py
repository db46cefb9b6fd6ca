"""The ASGI application below /api/v4."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api import login, params
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.routing import Router
from bot.sandbox.gitlab.forge import Forge

PREFIX = "/api/v4"


class Api:
    """Routes a request to its handler, and turns refusals into GitLab's error bodies."""

    def __init__(self, forge: Forge, router: Router) -> None:
        self._forge = forge
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request whose path is still encoded."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except errors.ApiError as error:
            response = answer(error.body, error.status, error.headers)
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(PREFIX)
        found = self._router.find(request.method, path.rstrip("/") or "/")
        caller = login.caller_of(self._forge, request)
        login.check_scope(caller, found.route, request.method)
        sent = await params.read(request)
        call = Call(self._forge, caller, sent, found.parts, request)
        return await found.route.handler(call)
