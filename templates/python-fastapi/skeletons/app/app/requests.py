"""Follow every request: an id in each of its log lines, one line when it is over, and metrics."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs, metrics

REQUEST_ID = "X-Request-ID"

_log = logging.getLogger(__name__)
_acceptable = re.compile(r"[A-Za-z0-9._-]{1,128}")
_probes = "/health/"
_failed = 400


class Observed:
    """Takes over the caller's `X-Request-ID` where it is sound, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the next application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through; what nobody expected is logged in full and answered in short."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        belonging = logs.request_id.set(request_id)
        status = 0
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            _log.exception("unexpected error")
            if status:  # the answer has begun: all that is left is to break it off
                raise
            body = {"detail": "Internal Server Error", "request_id": request_id}
            await JSONResponse(body, status_code=500)(scope, receive, answer)
        finally:
            _note(scope, status=status, seconds=time.perf_counter() - began)
            logs.request_id.reset(belonging)


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _acceptable.fullmatch(given) else uuid.uuid4().hex


def _note(scope: Scope, *, status: int, seconds: float) -> None:
    """Probes come every few seconds: they are worth a line only when they fail."""
    metrics.observe(scope, status=status, seconds=seconds)
    is_quiet = scope["path"].startswith(_probes) and status < _failed
    said = logs.fields(
        method=scope["method"],
        path=scope["path"],
        status=status,
        duration_ms=round(seconds * 1000, 1),
    )
    _log.log(logging.DEBUG if is_quiet else logging.INFO, "request", extra=said)
