"""The demo as another process: everything that `make demo` starts, stopped as Ctrl-C stops it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.boxed import ROOT, Json

STOP_SECONDS = 60
PORTS = 9


@dataclass(frozen=True)
class Demo:
    """A demo that runs."""

    process: subprocess.Popen[str]
    told: Json

    def started(self) -> set[int]:
        """Every process that it has started and that still runs, at any depth."""
        parents = running()
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def interrupt(self) -> int:
        """Press Ctrl-C in its terminal, and wait for its end."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=STOP_SECONDS)


@contextlib.contextmanager
def a_demo(state: Path, *options: str, port: int | None = 0) -> Iterator[Demo]:
    """Start the demo, and yield it once all is ready; without a port it takes those that it had before."""
    command = [sys.executable, "-m", "bot", "demo", "--json", "--state", str(state), *options]
    command += [] if port is None else ["--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            demo = Demo(process, json.loads(process.stdout.readline()))
            yield demo
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=STOP_SECONDS)


def free_ports(at_least: int = 20_000) -> int:
    """The first of as many free ports in a row as a demo takes, below those that systems give out by themselves."""
    for first in range(at_least, 30_000, PORTS):
        with contextlib.suppress(OSError), contextlib.ExitStack() as taken:
            for port in range(first, first + PORTS):
                listener = taken.enter_context(socket.socket())
                listener.bind(("127.0.0.1", port))
            return first
    raise AssertionError("there are no free ports in a row")


def running() -> dict[int, int]:
    """The number of each process on this machine that has not ended, and of its parent."""
    table = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid=,stat="],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    rows = (line.split() for line in table.stdout.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}
