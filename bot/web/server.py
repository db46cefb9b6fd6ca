"""Serve the routes for as long as a context lasts."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override

from bot.domain.errors import PermanentError

GRACE_SECONDS = 2


class _Server(uvicorn.Server):
    """Leaves signals to the process, which has more to stop than a web server."""

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


@contextlib.asynccontextmanager
async def served(app: Starlette, *, port: int, host: str = "0.0.0.0") -> AsyncIterator[None]:  # noqa: S104 Slack, GitLab and probes come from outside
    """Answer on the port.

    Raises:
        PermanentError: the port is taken, or may not be listened on.
    """
    listener = _listener(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _listener(host: str, port: int) -> socket.socket:
    """Uvicorn's own way to bind ends the process where it fails, without a word at the terminal."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise PermanentError(
            f"Port {port} cannot be listened on: {os.strerror(error.errno or 0)}.",
            "Stop what listens there, or set IDP_HTTP_PORT to another port.",
        ) from error
