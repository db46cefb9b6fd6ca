"""The logs of jobs, one file each."""

from pathlib import Path

from bot.sandbox.gitlab.forge import Forge


def path(forge: Forge, job_id: int) -> Path:
    """Where a job's log lies."""
    return forge.root / "traces" / f"{job_id}.log"


def append(forge: Forge, job_id: int, chunk: bytes) -> None:
    """Add to a log."""
    file = path(forge, job_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        log.write(chunk)


def clear(forge: Forge, job_id: int) -> None:
    """Begin a log again, when a job is run again after the server ended during it."""
    path(forge, job_id).unlink(missing_ok=True)


def read(forge: Forge, job_id: int, start: int = 0) -> bytes:
    """A log from a byte on."""
    file = path(forge, job_id)
    if not file.exists():
        return b""
    with file.open("rb") as log:
        log.seek(start)
        return log.read()
