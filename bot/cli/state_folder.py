"""The folder in which the box keeps everything: one program at a time, on the ports that its content names."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bot.adapters import file_lock
from bot.domain.errors import PermanentError

_LOCK = "box.lock"
_PORTS = "ports.json"
_KEPT = ("gitlab", "cluster", "catalog", "slack", "valkey", _PORTS)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other boxes off the folder, which is made where there is none.

    Raises:
        PermanentError: another one is at work in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock.opened(folder / _LOCK) as lock:
        if not file_lock.try_lock(lock):
            holder = (folder / _LOCK).read_text(encoding="utf-8") or "another program"
            raise PermanentError(
                f"{folder} is in use by {holder}.",
                "Stop that one (Ctrl-C), or take another folder and other ports beside it: --state and --port"
                " (make demo STATE=.other PORT=8000).",
            )
        os.truncate(lock, 0)
        os.write(lock, f"process {os.getpid()}, a demo or sandbox that runs".encode())
        yield


def first_port(folder: Path) -> int | None:
    """The first of the ports that the content was made on; None where there is no content."""
    try:
        return int(json.loads((folder / _PORTS).read_text(encoding="utf-8"))["first_port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_first_port(folder: Path, port: int) -> None:
    """Remember it for later starts: repositories and applications name the addresses that they were made at."""
    (folder / _PORTS).write_text(json.dumps({"first_port": port}), encoding="utf-8")


def forget(folder: Path) -> None:
    """Remove all that a box has kept; what else lies in the folder stays."""
    for name in _KEPT:
        kept = folder / name
        if kept.is_dir():
            shutil.rmtree(kept, ignore_errors=True)
        else:
            kept.unlink(missing_ok=True)
