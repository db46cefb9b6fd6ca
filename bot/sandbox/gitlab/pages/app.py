"""The pages' routes."""

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.sandbox.gitlab.forge import Forge


class Pages:
    def __init__(self, forge: Forge) -> None:
        self._forge = forge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("404", 404)(scope, receive, send)
