"""Processes that outlive neither their pod nor, should this program be killed, its next start."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Launch:
    """All that a process is started with."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    # Where it is noted that the process runs.
    note: Path


class RunningProcess:
    """One process with all its children."""

    def __init__(self, process: asyncio.subprocess.Process, note: Path) -> None:
        self._process = process
        self._note = note

    @property
    def pid(self) -> int:
        """The number that the system knows it by."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for its end; gives the exit code, or 128 and the signal as a shell does."""
        code = await self._process.wait()
        self._note.unlink(missing_ok=True)
        return code if code >= 0 else 128 - code

    def crash(self) -> None:
        """End it at once, without asking."""
        _signal_group(self.pid, signal.SIGKILL)

    async def stop(self, grace: float) -> None:
        """Ask it to end, then end it."""
        _signal_group(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            # Also those of its children that did not listen.
            _signal_group(self.pid, signal.SIGKILL)
            await self._process.wait()
            self._note.unlink(missing_ok=True)


async def start(launch: Launch) -> RunningProcess:
    """Start a process in a group of its own.

    Raises:
        OSError: there is no such program.
    """
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    launch.note.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *launch.command,
            cwd=launch.folder,
            env=dict(launch.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    launch.note.write_text(json.dumps({"pid": process.pid, "born": await _birth(process.pid)}))
    return RunningProcess(process, launch.note)


async def kill_leftovers(notes: Path) -> None:
    """End what an earlier run of this program, killed without warning, left running."""
    for note in await asyncio.to_thread(lambda: list(notes.rglob("*.pid"))):
        with contextlib.suppress(ValueError, KeyError):
            noted = json.loads(note.read_text())
            # The number may be another program's by now.
            if noted["born"] and noted["born"] == await _birth(noted["pid"]):
                _signal_group(noted["pid"], signal.SIGKILL)
        note.unlink(missing_ok=True)


async def _birth(pid: int) -> str:
    """Ask the system when a process began; empty when there is none."""
    process = await asyncio.create_subprocess_exec(
        *("ps", "-o", "lstart=", "-p", str(pid)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    return out.decode().strip()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
