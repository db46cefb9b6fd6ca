"""Serve the routes for as long as a context lasts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override

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
        OSError: the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    listener = config.bind_socket()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
