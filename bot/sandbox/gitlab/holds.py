"""For crash tests: count what was created, and hold one request before its effect or before its answer."""

import asyncio
import re
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.faults.matching import found_in_path
from bot.sandbox.gitlab.store import Store

PREFIX = "/sandbox/gitlab/"


class Wanted(BaseModel):
    """Which request is to be held, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    path_regex: re.Pattern[str]
    when: str = "before"

    def fits(self, scope: Scope) -> bool:
        """Whether this is the request; the path may be matched encoded or decoded."""
        return scope["method"] == self.method.upper() and found_in_path(self.path_regex, scope)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A request that waits."""

    method: str
    path: str
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Holds:
    """Wraps the application: the next request that fits waits until it is let go.

    One wish can be open at a time, also while requests are held; they are let go one by one, the oldest first.
    """

    app: ASGIApp
    store: Store
    wanted: Wanted | None = None
    held: list[Held] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the routes of this module."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(PREFIX):
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
        elif self.wanted is None or not self.wanted.fits(scope):
            await self.app(scope, receive, send)
        elif self.wanted.when == "before":
            await self._wait(scope)
            await self.app(scope, receive, send)
        else:
            await self._wait_with_the_answer(scope, receive, send)

    async def _wait(self, scope: Scope) -> None:
        self.wanted = None
        await self._hold(scope)

    async def _hold(self, scope: Scope) -> None:
        held = Held(scope["method"], scope["path"])
        self.held.append(held)
        await held.let_go.wait()

    async def _wait_with_the_answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        self.wanted = None
        await self.app(scope, receive, keep)
        await self._hold(scope)
        for message in answer:
            await send(message)

    async def _control(self, request: Request) -> Response:
        match request.method, request.url.path.removeprefix(PREFIX):
            case "GET", "creations":
                return JSONResponse(self.store.creations())
            case "GET", "hold":
                return JSONResponse(self._state())
            case "POST", "hold":
                return await self._arm(request)
            case "POST", "release":
                self._release()
                return JSONResponse(self._state(), 201)
        return JSONResponse({"error": "404 Not Found"}, 404)

    def _release(self) -> None:
        """Let the oldest request go; where none is held, nobody waits for one any longer."""
        if self.held:
            self.held.pop(0).let_go.set()
        else:
            self.wanted = None

    async def _arm(self, request: Request) -> Response:
        try:
            self.wanted = Wanted.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._state(), 201)

    def _state(self) -> dict[str, object]:
        wanted = self.wanted and self.wanted.model_dump(mode="json")
        held = [{"method": each.method, "path": each.path} for each in self.held]
        return {"armed": wanted, "held": next(iter(held), None)}
