"""Run a program to its end, and never leave it behind."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended, and what it said."""

    code: int
    out: str
    err: str


async def run(*command: str, environment: Mapping[str, str]) -> Finished:
    """Run a program with nothing but the environment that is given.

    Raises:
        TimeoutError: it took too long, and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    texts = (stream.decode(errors="replace") for stream in (out, err))
    return Finished(process.returncode or 0, *texts)
