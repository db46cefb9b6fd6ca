"""The whole of GitLab behind one port: API, git, registry and pages, told apart by the path."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox.gitlab.api.app import PREFIX as API_PREFIX
from bot.sandbox.gitlab.git_http import GitHttp


class Web:
    """Hands a request to the part that it is for, with the path as it was sent: `%2F` is not a slash."""

    def __init__(self, *, api: ASGIApp, git: GitHttp, registry: ASGIApp, pages: ASGIApp) -> None:
        self._api = api
        self._git = git
        self._registry = registry
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._part_for(scope)(scope, receive, send)

    def _part_for(self, scope: Scope) -> ASGIApp:
        path: str = scope["path"]
        if path.startswith(f"{API_PREFIX}/"):
            return self._api
        if path.startswith("/v2/") or path == "/v2":
            return self._registry
        return self._git if self._git.is_meant_by(Request(scope)) else self._pages


def with_raw_path(app: ASGIApp) -> ASGIApp:
    """Route on what the client wrote, not on its decoded form."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await app(scope, receive, send)

    return serve


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
