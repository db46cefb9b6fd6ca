"""Worker processes that can be killed at a point of their own choice."""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from typing_extensions import override

from bot.adapters import redis_jobs
from bot.adapters.redis_lease import RedisLease
from bot.cli import processes
from bot.domain.job import MessageRef, StepRecord, StepState
from tests.colleague import eventually
from tests.plain_http import NO_CERTIFICATES

STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Worker:
    """`python -m bot worker` in a process of its own."""

    process: BaseProcess
    page: str

    async def ready(self) -> None:
        """Wait until it says that it can take over."""
        async with httpx.AsyncClient(base_url=self.page, verify=NO_CERTIFICATES) as http:
            await eventually(lambda: _is_ready(http))

    async def kill(self) -> datetime:
        """SIGKILL, as the kernel does it when memory runs out."""
        at = datetime.now(UTC)
        self.process.kill()
        await self._end()
        return at

    async def killed_itself(self, *, within: float = 60) -> datetime:
        """Wait for the point that the worker does not live to see behind it."""
        assert await self._end(within) == -signal.SIGKILL
        return datetime.now(UTC)

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
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGSTOP)
        return datetime.now(UTC)

    def thaw(self) -> None:
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGCONT)


def started(variables: Mapping[str, str], *, log: Path, dies_before: str = "") -> Worker:
    """Start a worker: a fork of a process that has imported everything, for importing takes seconds.

    Args:
        variables: the worker's environment.
        log: what it says.
        dies_before: the step whose result, or the notice whose place, it does not live to write down.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_work, args=(dict(variables), log, dies_before))
    process.start()
    return Worker(process, f"http://127.0.0.1:{variables['IDP_HTTP_PORT']}")


async def _is_ready(http: httpx.AsyncClient) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await http.get("/readyz")).is_success
    return False


class DoomedLease(RedisLease):
    """Ends its process between an effect and the note that it happened."""

    dies_before: ClassVar[str]

    @override
    async def write_step(self, step: str, value: StepRecord, *, what: str, at: datetime) -> None:
        if value.state is StepState.DONE:
            self._die_before(step)
        await super().write_step(step, value, what=what, at=at)

    @override
    async def write_message(self, key: str, ref: MessageRef | None) -> None:
        if ref:
            self._die_before(key)
        await super().write_message(key, ref)

    def _die_before(self, point: str) -> None:
        if point == self.dies_before:
            os.kill(os.getpid(), signal.SIGKILL)


def _work(variables: dict[str, str], log: Path, dies_before: str) -> None:
    os.environ.update(variables)
    with log.open("ab", buffering=0) as sink:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(sink.fileno(), stream.fileno())
    with pytest.MonkeyPatch.context() as patch:
        if dies_before:
            DoomedLease.dies_before = dies_before
            patch.setattr(redis_jobs, "RedisLease", DoomedLease)
        processes.worker()
