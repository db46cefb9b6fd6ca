"""Write a job's log as a GitLab runner does: coloured headings, commands, and no secrets."""

from typing import Final

from bot.sandbox.runner.host import PipelineHost

_MASK: Final = b"[MASKED]"
HEADING: Final = "36;1"
COMMAND: Final = "32;1"
GOOD: Final = "32;1"
WARNING: Final = "0;33"
BAD: Final = "31;1"


def coloured(text: str, colour: str) -> str:
    """The text between ANSI colour codes."""
    return f"\x1b[{colour}m{text}\x1b[0;m"


class Masker:
    """Replaces secrets in a stream, also those that arrive in two pieces."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = sorted(
            (secret.encode() for secret in secrets if secret), key=len, reverse=True
        )
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """What may be shown by now: all but a tail with which a secret may begin."""
        text = self._held + chunk
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        keep = max((_overlap(text, secret) for secret in self._secrets), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> bytes:
        """The tail, once nothing follows it any more."""
        held, self._held = self._held, b""
        return held


def _overlap(text: bytes, secret: bytes) -> int:
    """How many bytes at the end of the text are the beginning of the secret."""
    longest = min(len(text), len(secret) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(secret[:size])), 0)


class JobLog:
    """The log of one attempt of one job."""

    def __init__(self, host: PipelineHost, job: str) -> None:
        self._host = host
        self._job = job
        self._masker = Masker(host.masked())

    async def write(self, chunk: bytes) -> None:
        """Pass on what a process wrote."""
        shown = self._masker.feed(chunk)
        if shown:
            await self._host.job_log(self._job, shown)

    async def line(self, text: str, colour: str | None = None) -> None:
        """Add a line of the runner's own."""
        await self.write((coloured(text, colour) if colour else text).encode() + b"\n")

    async def close(self) -> None:
        """Write what was held back."""
        rest = self._masker.rest()
        if rest:
            await self._host.job_log(self._job, rest)
