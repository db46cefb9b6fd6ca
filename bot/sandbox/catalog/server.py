"""Put the catalog together and serve it."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox import serving
from bot.sandbox.catalog import api, locations
from bot.sandbox.catalog.engine import Engine
from bot.sandbox.catalog.errors import ApiError
from bot.sandbox.catalog.gitlab import Reader
from bot.sandbox.catalog.pages import Pages
from bot.sandbox.catalog.processing import DEFAULT_KINDS, Processor
from bot.sandbox.catalog.store import Store
from bot.sandbox.catalog.view import View
from bot.sandbox.faults import Faults, front

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog that answers."""

    url: str
    token: str


@contextlib.asynccontextmanager
async def serve(  # noqa: PLR0913 - what a catalog may be, by name
    *,
    port: int,
    state_dir: Path,
    gitlab_url: str,
    gitlab_token: str,
    interval: float = 10.0,
    allowed_kinds: frozenset[str] = DEFAULT_KINDS,
    faults: Faults | None = None,
) -> AsyncIterator[Catalog]:
    """Serve the catalog kept in a folder.

    Args:
        port: 0 for a free one.
        state_dir: what was registered outlives the process there, however it ends.
        gitlab_url: the one host that entity files may be read from.
        gitlab_token: sent to it as a bearer token.
        interval: seconds between two readings of the same file.
        allowed_kinds: what registered locations may bring (`catalog.rules`).
        faults: what may go wrong; without it this catalog has a store of its own.
    """
    store = Store(state_dir / "catalog.db")
    token = _token(state_dir / "token")
    headers = {"User-Agent": "node"}  # what Backstage says that it is
    needs_tls = gitlab_url.startswith("https:")  # loading the system's certificates takes a while
    async with httpx.AsyncClient(
        timeout=_TIMEOUT_SECONDS, headers=headers, verify=needs_tls, trust_env=False
    ) as client:
        reader = Reader(client, gitlab_url=gitlab_url, token=gitlab_token)
        processor = Processor(reader, allowed_kinds=allowed_kinds)
        engine = Engine(store, processor, interval=interval)
        app = front(_application(store, engine, processor, token), "catalog", faults or Faults())
        with contextlib.closing(store):
            async with engine.running(), serving.served(app, port) as bound:
                yield Catalog(f"http://{serving.LOOPBACK}:{bound}", token)


def _application(store: Store, engine: Engine, processor: Processor, token: str) -> Starlette:
    view = View(store)
    guard = api.guarded(token)

    async def created(_: Request) -> Response:
        targets = store.created_targets()
        return JSONResponse({"count": len(targets), "targets": targets})

    return Starlette(
        routes=[
            *api.EntityApi(store, view, engine, processor).routes(guard),
            *locations.LocationApi(store, view, engine, processor).routes(guard),
            *Pages(view).routes(),
            Route("/.backstage/health/v1/readiness", _ready),
            Route("/sandbox/catalog/locations-created", created),
        ],
        exception_handlers={HTTPException: _unknown},
    )


async def _ready(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unknown(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return api.refusal(request, ApiError(status, "NotFoundError", "Not Found"))


def _token(path: Path) -> str:
    """The folder's own token, made once; not to be read by others."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(24))
        fresh.replace(path)
    return path.read_text()
