"""Addresses that answer when a test says so."""

from bot.ports.prober import ProbeResult


class MemoryProber:
    """Nothing answers until it is put among `answers`; `problems` says otherwise for one address."""

    def __init__(self) -> None:
        self.answers: set[str] = set()
        self.problems: dict[str, str] = {}

    async def probe(self, url: str) -> ProbeResult:
        if not url.startswith("https://"):
            return ProbeResult(problem=f"an https:// address instead of {url}")
        if url in self.problems:
            return ProbeResult(problem=self.problems[url])
        return ProbeResult(problem="" if url in self.answers else f"{url} to accept connections")
