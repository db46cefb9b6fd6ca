"""Run this program's own commands as other processes, with an environment of their own."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from bot.domain.errors import PermanentError
from bot.settings import ENV_FILE, Settings

READY_SECONDS = 120
STOP_SECONDS = 35


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

    Raises:
        PermanentError: it did not become ready.
    """
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *_command("run"),
            env=_inherited() | dict(environment),
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
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
