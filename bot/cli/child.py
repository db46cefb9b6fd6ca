"""Run this program's own commands as other processes, with an environment of their own."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from bot.adapters import file_lock
from bot.domain.errors import PermanentError
from bot.settings import ENV_FILE, Settings

READY_SECONDS = 120
STOP_SECONDS = 35
_LOCK = "bot.lock"
_PAUSE = 0.1


async def bootstrap(company: Path, environment: Mapping[str, str]) -> None:
    """Create the platform's repositories on the GitLab that the environment names, with these catalog entities.

    The operator's own settings, in the environment or in a file, are for the real systems: none of them reaches a child.

    Raises:
        PermanentError: with what the command said.
    """
    process = await asyncio.create_subprocess_exec(
        *_command("bootstrap"),
        "--catalog",
        str(company),
        env=_inherited() | dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PermanentError("The platform's repositories could not be made.", said.decode())


@contextlib.asynccontextmanager
async def bot(environment: Mapping[str, str], log: Path) -> AsyncIterator[asyncio.Future[int]]:
    """Run the bot; yields, once it is ready, a future that is done when it has ended.

    It holds a lock in its state folder for as long as it lives, by which it is found should it outlive this process.

    Raises:
        PermanentError: it did not become ready.
    """
    path = Path(environment["IDP_STATE_DIR"]) / _LOCK
    with log.open("ab") as sink, file_lock.opened(path) as lock:
        file_lock.try_lock(lock)
        os.truncate(lock, 0)
        process = await asyncio.create_subprocess_exec(
            *_command("run"),
            env=_inherited() | dict(environment),
            stdout=sink,
            stderr=sink,
            pass_fds=(lock,),
            start_new_session=True,
        )
        os.write(lock, str(process.pid).encode())
    ended = asyncio.ensure_future(process.wait())
    try:
        await _ready(environment["IDP_HTTP_PORT"], ended, log)
        yield ended
    finally:
        if not ended.done():
            process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(ended), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await ended


async def end_left_bot(state: Path) -> None:
    """End a bot that outlived whoever ran it in this folder; while its lock is held, its number is nobody else's.

    Raises:
        PermanentError: it cannot be ended.
    """
    with file_lock.opened(state / _LOCK) as lock:
        for wish in (signal.SIGTERM, signal.SIGKILL):
            if file_lock.try_lock(lock):
                return
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((state / _LOCK).read_text(encoding="utf-8")), wish)
            for _ in range(int(STOP_SECONDS / _PAUSE)):
                if file_lock.try_lock(lock):
                    return
                await asyncio.sleep(_PAUSE)
    raise PermanentError(
        f"The bot of an earlier demo on {state} still runs.",
        f"Stop the process that has {state / _LOCK} open.",
    )


async def _ready(port: str, ended: asyncio.Future[int], log: Path) -> None:
    # Plain HTTP on the loopback interface: there is no need to read the system's certificates.
    plain = httpx.AsyncClient(trust_env=False, verify=False)  # noqa: S501 see above
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS), plain as client:
            while not ended.done():
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(f"http://127.0.0.1:{port}/readyz")
                    if answer.is_success:
                        return
                await asyncio.sleep(0.1)
    raise PermanentError("The bot did not become ready.", f"Its log is in {log}.")


def _command(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "bot", name)


def _inherited() -> dict[str, str]:
    """What is no setting of ours: PATH and the like. An empty name for the file of settings keeps it unread."""
    inherited = dict(os.environ)  # noqa: TID251 a child gets PATH and the like from its parent
    return {
        name: value
        for name, value in inherited.items()
        if name.lower() not in Settings.model_fields
    } | {ENV_FILE: ""}
