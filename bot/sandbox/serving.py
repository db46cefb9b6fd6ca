"""Serve an ASGI application on a port for as long as a context lasts."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from typing_extensions import override

LOOPBACK = "127.0.0.1"
_PATIENCE = 0.2


class _Server(uvicorn.Server):
    """Leaves signals alone, for the box that holds all the parts decides when each of them stops.

    It sleeps until then, where uvicorn looks ten times a second whether it should: there are many servers in a box.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        """Start with nobody having asked for its end."""
        super().__init__(config)
        self._end = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end."""
        self.should_exit = True
        self._end.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing; several servers share one process."""
        yield

    @override
    async def main_loop(self) -> None:
        """Renew the Date header once a second, as uvicorn does, until the end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), 1)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def served(
    app: Any, port: int, *, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[int]:
    """Yield the port (a free one where 0 was asked for) once the application answers on it.

    Args:
        app: any ASGI application.
        port: on the loopback interface only; the sandbox is never meant to be reached from elsewhere.
        certificate: chain and key files, to serve HTTPS.

    Raises:
        OSError: the port is taken.
    """
    # The protocol is named, since asyncio sets TCP_NODELAY only where it sees TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        ssl_certfile=str(certificate[0]) if certificate else None,
        ssl_keyfile=str(certificate[1]) if certificate else None,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if serving.done():
                await serving
                raise OSError(f"nothing answers on port {port}")
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        await _stop(server, serving)
        listener.close()


async def _stop(server: _Server, serving: asyncio.Task[None]) -> None:
    """Let requests end, but wait for no client: one that went away never says goodbye, as TLS wants it to."""
    server.stop()
    while not serving.done():
        await asyncio.wait([serving], timeout=_PATIENCE)
        for connection in list(server.server_state.connections):
            if connection.transport.is_closing():
                connection.transport.abort()
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    await serving
