"""Give each request an id that stands in every log line about it, and in the answer."""

import re
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GIVEN_BY = ("x-request-id", "x-gitlab-event-uuid")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """The id that the caller gave, where it is a harmless one; else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _given(Headers(scope=scope)) or uuid.uuid4().hex

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request):
            await self._app(scope, receive, answer)


def _given(headers: Headers) -> str:
    given = (headers.get(name, "") for name in GIVEN_BY)
    return next((each for each in given if _ID.fullmatch(each)), "")
