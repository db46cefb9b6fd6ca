"""The few GitLab calls that a catalog makes, over files in memory, for tests that need no repositories."""

import asyncio
import contextlib
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox import serving

TOKEN = "glpat-catalog"
PROJECT = "idp/platform/catalog"


@dataclass
class FakeGitLab:
    """One project with one branch; `calls` are the requests as they came, still encoded."""

    url: str = ""
    files: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    is_down: bool = False
    gate: asyncio.Event | None = None
    """Holds answers back until it is set; what they say was decided before."""

    def start_over(self, files: dict[str, str]) -> None:
        """Serve other files, as if nothing had been asked yet."""
        self.files = files
        self.calls.clear()
        self.is_down = False
        self.gate = None

    def page(self, path: str, *, branch: str = "main") -> str:
        return f"{self.url}/{PROJECT}/-/blob/{branch}/{path}"

    def head(self, folder: str) -> str:
        """A commit that changes when the folder does."""
        content = sorted((p, c) for p, c in self.files.items() if p.startswith(folder))
        return hashlib.sha1(repr(content).encode(), usedforsecurity=False).hexdigest()

    def archive(self, folder: str) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for path, content in self.files.items():
                if path.startswith(folder):
                    member = tarfile.TarInfo(f"catalog-main/{path}")
                    member.size = len(content.encode())
                    tar.addfile(member, io.BytesIO(content.encode()))
        return out.getvalue()


@contextlib.asynccontextmanager
async def fake_gitlab() -> AsyncIterator[FakeGitLab]:
    gitlab = FakeGitLab()
    base = "/api/v4/projects/{project}"
    routes = [
        Route(base, _answer(gitlab, _project)),
        Route(base + "/repository/commits", _answer(gitlab, _commits)),
        Route(base + "/repository/archive", _answer(gitlab, _archive)),
        Route(base + "/repository/files/{path}/raw", _answer(gitlab, _raw)),
    ]
    async with serving.served(_still_encoded(Starlette(routes=routes)), 0) as port:
        gitlab.url = f"http://127.0.0.1:{port}"
        yield gitlab


def _still_encoded(app: ASGIApp) -> ASGIApp:
    """Route on the path as it was sent: `%2F` stays inside its segment."""

    async def encoded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode().partition("?")[0]}
        await app(scope, receive, send)

    return encoded


def _answer(gitlab: FakeGitLab, call):  # type: ignore[no-untyped-def] # a closure of this module alone
    async def answer(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        gitlab.calls.append(request.scope["path"] + query)
        if gitlab.is_down:
            return JSONResponse({"message": "down"}, 503)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"message": "401 Unauthorized"}, 401)
        if unquote(request.path_params["project"]) != PROJECT:
            return JSONResponse({"message": "404 Project Not Found"}, 404)
        answered: Response = call(gitlab, request)
        if gitlab.gate:
            await gitlab.gate.wait()
        return answered

    return answer


def _project(_: FakeGitLab, __: Request) -> Response:
    return JSONResponse({"id": 1, "path_with_namespace": PROJECT, "default_branch": "main"})


def _commits(gitlab: FakeGitLab, request: Request) -> Response:
    return JSONResponse([{"id": gitlab.head(request.query_params.get("path", ""))}])


def _archive(gitlab: FakeGitLab, request: Request) -> Response:
    content = gitlab.archive(request.query_params.get("path", ""))
    return Response(content, media_type="application/octet-stream")


def _raw(gitlab: FakeGitLab, request: Request) -> Response:
    content = gitlab.files.get(unquote(request.path_params["path"]))
    if content is None or request.query_params["ref"] != "main":
        return JSONResponse({"message": "404 File Not Found"}, 404)
    etag = f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304)
    return Response(content, headers={"ETag": etag}, media_type="text/plain")
