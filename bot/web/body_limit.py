"""Refuse a request that says or shows that it is too large, before it fills the memory."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 2_000_000
"""In bytes; Slack's and GitLab's requests are a fraction of it."""


class BodyLimit:
    """Answers 413 at once where the length is told, and else as soon as more has come than there may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdigit() or len(told) > len(str(LARGEST_BODY)) or int(told) > LARGEST_BODY:
            await _refuse(scope, receive, send)
            return
        try:
            await self._app(scope, _limited(receive), send)
        except _TooLargeError:
            await _refuse(scope, receive, send)


class _TooLargeError(Exception):
    """More came than there may be; no route answers before it has read everything."""


def _limited(receive: Receive) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            raise _TooLargeError
        return message

    return limited


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = JSONResponse({"error": "the request is too large"}, 413, {"Connection": "close"})
    await refusal(scope, receive, send)
