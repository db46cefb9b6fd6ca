"""Worker processes that can be killed, frozen and stopped."""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from bot.adapters.loopback import free_port
from bot.cli import processes
from tests.colleague import eventually
from tests.crash import stops as stopping
from tests.crash.points import Stood, Stop
from tests.plain_http import NO_CERTIFICATES

STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Worker:
    """`python -m bot worker` in a process of its own."""

    process: BaseProcess
    page: str
    hears: Connection

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    async def ready(self) -> None:
        """Wait until it says that it can take over."""
        async with httpx.AsyncClient(base_url=self.page, verify=NO_CERTIFICATES) as http:
            await eventually(lambda: _is_ready(http), STOP_SECONDS)

    def stood(self) -> Iterator[Stood]:
        """What it has said of its stops since this was asked last."""
        with contextlib.suppress(EOFError):
            while self.hears.poll():
                yield self.hears.recv()

    async def stands_at(self, *names: str, within: float = 60) -> None:
        """Wait until it stands still at steps or notices of its job."""
        missing = set(names)

        async def look() -> bool:
            missing.difference_update(stood.stop.name for stood in self.stood())
            return not missing

        await eventually(look, within)

    async def kill(self) -> datetime:
        """SIGKILL, as the kernel does it when memory runs out."""
        at = datetime.now(UTC)
        self.process.kill()
        await self._end()
        return at

    def terminate(self) -> None:
        """SIGTERM."""
        self.process.terminate()

    async def drained(self) -> datetime:
        """Wait until the worker that is to end has let go of everything."""
        assert await self._end(within=STOP_SECONDS) == 0
        return datetime.now(UTC)

    async def _end(self, within: float = 10) -> int | None:
        await eventually(self._has_ended, within)
        return self.process.exitcode

    async def _has_ended(self) -> bool:
        return self.process.exitcode is not None

    def freeze(self) -> datetime:
        """SIGSTOP: the process does nothing and does not know it."""
        os.kill(self.pid, signal.SIGSTOP)
        return datetime.now(UTC)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def started(variables: Mapping[str, str], *, log: Path, stops: Collection[Stop] = ()) -> Worker:
    """Start a worker: a fork of a process that has imported everything, for importing takes seconds.

    Args:
        variables: the worker's environment.
        log: what it says.
        stops: where it stands still, to be killed there.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    hears, told = context.Pipe(duplex=False)
    own = {**variables, "IDP_HTTP_PORT": str(free_port())}
    process = context.Process(target=_work, args=(own, log, frozenset(stops), told))
    process.start()
    told.close()
    return Worker(process, f"http://127.0.0.1:{own['IDP_HTTP_PORT']}", hears)


async def _is_ready(http: httpx.AsyncClient) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await http.get("/readyz")).is_success
    return False


def _work(variables: dict[str, str], log: Path, stops: Collection[Stop], told: Connection) -> None:
    os.environ.update(variables)
    with log.open("ab", buffering=0) as sink:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(sink.fileno(), stream.fileno())
    with stopping.at(stops, told):
        processes.worker()
