"""The HTTPS listener: ends TLS, and hands the bytes to the application behind it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
CHUNK = 65536


@contextlib.asynccontextmanager
async def terminating(port: int, context: ssl.SSLContext, upstream: int) -> AsyncIterator[int]:
    """Listen on the port (a free one where 0 was asked for) for as long as the context lasts.

    Raises:
        OSError: the port is taken.
    """
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            connections.add(task)
            task.add_done_callback(connections.discard)
        await _joined(reader, writer, upstream)

    server = await asyncio.start_server(connected, LOOPBACK, port, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _joined(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int
) -> None:
    there, back = await asyncio.open_connection(LOOPBACK, upstream)
    try:
        # Whichever side ends first ends both: HTTP/1.1 has no use for half a connection.
        tasks = {
            asyncio.create_task(_copied(reader, back)),
            asyncio.create_task(_copied(there, writer)),
        }
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for stream in (back, writer):
            stream.close()


async def _copied(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
