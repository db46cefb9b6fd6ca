"""A wire between a program and a server that it talks to, which tests cut."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"


class Wire:
    """Carries bytes to a port and back; its own port is the program's way to the server."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.port = 0
        self._forth: list[StreamWriter] = []
        self._back: list[StreamWriter] = []
        self._server: asyncio.Server | None = None

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator[int]:
        """Lie there; yields the port."""
        await self._listen()
        try:
            yield self.port
        finally:
            self._hang_up()
            await asyncio.gather(*(end.wait_closed() for end in self._back), return_exceptions=True)

    def cut(self) -> None:
        """Carry nothing more on the connections that are open, of which only the server learns; new ones work."""
        for end in self._forth:
            end.close()

    @contextlib.asynccontextmanager
    async def torn(self) -> AsyncIterator[None]:
        """Be as a server that is stopped: connections are reset, and new ones refused."""
        self._hang_up()
        yield
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _hang_up(self) -> None:
        if self._server:
            self._server.close()
        for end in (*self._forth, *self._back):
            end.transport.abort()

    async def _connected(self, here: StreamReader, back: StreamWriter) -> None:
        there, forth = await asyncio.open_connection(LOOPBACK, self._to_port)
        self._forth.append(forth)
        self._back.append(back)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_carry(here, forth), _carry(there, back))


async def _carry(source: StreamReader, sink: StreamWriter) -> None:
    while (data := await source.read(65536)) and not sink.is_closing():
        sink.write(data)
        await sink.drain()
