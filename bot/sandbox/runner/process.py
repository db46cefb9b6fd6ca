"""Run one program with everything it starts as a group, stream what it writes, and be able to end it whole."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOOK_EVERY: Final = 0.2
_GRACE: Final = 2.0
_CHUNK: Final = 65536

Sink = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended: by itself with a code, or because it was stopped or took too long."""

    code: int
    was_cancelled: bool = False
    was_too_slow: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a program early."""

    timeout: float
    is_cancelled: Callable[[], Awaitable[bool]]


async def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: Sink, limits: Limits
) -> Exit:
    """Run the program to its end, or to the end that the limits set.

    Whatever of its group is still alive afterwards is killed: a job leaves nothing behind.
    """
    async with _pipe() as (reader, writable):
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writable,
            stderr=writable,
            start_new_session=True,
        )
        os.close(writable)
        pumping = asyncio.create_task(_pump(reader, output))
        try:
            return await _watched(process, limits)
        finally:
            _signal_group(process.pid, signal.SIGKILL)
            await asyncio.gather(pumping, process.wait(), return_exceptions=True)


@contextlib.asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """A pipe of our own: waiting for a process must not depend on children that keep its output open."""
    readable, writable = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb", buffering=0)
    )
    try:
        yield reader, writable
    finally:
        transport.close()


async def _pump(reader: asyncio.StreamReader, output: Sink) -> None:
    while chunk := await reader.read(_CHUNK):
        await output(chunk)


async def _watched(process: asyncio.subprocess.Process, limits: Limits) -> Exit:
    clock = asyncio.get_running_loop().time
    deadline = clock() + limits.timeout
    waiting = asyncio.create_task(process.wait())
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_LOOK_EVERY)
            if done:
                return Exit(waiting.result())
            was_cancelled = await limits.is_cancelled()
            if was_cancelled or clock() >= deadline:
                return await _ended(process, waiting, was_cancelled=was_cancelled)
    finally:
        waiting.cancel()


async def _ended(
    process: asyncio.subprocess.Process, waiting: asyncio.Task[int], *, was_cancelled: bool
) -> Exit:
    _signal_group(process.pid, signal.SIGTERM)
    await asyncio.wait({waiting}, timeout=_GRACE)
    _signal_group(process.pid, signal.SIGKILL)
    return Exit(await process.wait(), was_cancelled, not was_cancelled)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
