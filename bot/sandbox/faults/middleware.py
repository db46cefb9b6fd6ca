"""Stand before a part's application: let faults strike at its requests, and take orders for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.faults import answers, control
from bot.sandbox.faults.kinds import Latency, RateLimit, ServerError
from bot.sandbox.faults.matching import fits
from bot.sandbox.faults.store import Faults

OWN = "/sandbox/"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

Exposed = Callable[[Scope], bool]


def _everything(_: Scope) -> bool:
    return True


def front(
    app: ASGIApp, part: str, faults: Faults, *, exposed: Exposed = _everything
) -> "FaultyFront":
    """Put the faults before an application.

    Args:
        app: what the part serves.
        part: the name that faults call it by.
        faults: the store that this process shares.
        exposed: which requests faults may strike at; the box's own routes below /sandbox/ never are.
    """
    return FaultyFront(app, part, faults, exposed)


@dataclass(frozen=True, slots=True)
class FaultyFront:
    """The application with its faults before it."""

    app: ASGIApp
    part: str
    faults: Faults
    exposed: Exposed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or what comes of it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(control.PATH):
            await control.answer(self.faults, self.part)(scope, receive, send)
        elif scope["path"].startswith(OWN) or not self.exposed(scope):
            await self.app(scope, receive, send)
        elif self.faults.is_stopped(self.part):
            await answers.failed(self.part, HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, send)
        elif scope["type"] == "http":
            await self._served(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        if late := self.faults.strike(Latency, lambda fault: fits(fault, self.part, scope)):
            await asyncio.sleep(late.seconds)
        answer, is_after = self._refusal(scope)
        if answer is None:
            await self.app(scope, receive, send)
            return
        if is_after and scope["method"] not in _READING:
            await self.app(scope, receive, _nowhere)
        await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[Response | None, bool]:
        """The answer in the place of the real one, and whether that one's effect is wanted."""
        if limit := self.faults.strike(RateLimit, lambda fault: fits(fault, self.part, scope)):
            return answers.rate_limited(self.part, limit.retry_after), False
        if error := self.faults.strike(ServerError, lambda fault: fits(fault, self.part, scope)):
            return answers.failed(self.part, error.status), error.when == "after"
        return None, False


async def _nowhere(_: Message) -> None:
    """Lose an answer."""
