"""Whether an address really answers."""

from typing import Protocol

from bot.domain.value import Value


class ProbeResult(Value):
    """What a visitor would meet: `problem` is empty when the address answered 200 over trusted HTTPS."""

    problem: str = ""

    @property
    def is_live(self) -> bool:
        """Whether name, certificate and answer were all right."""
        return not self.problem


class Prober(Protocol):
    """Look at an address as a visitor does."""

    async def probe(self, url: str) -> ProbeResult:
        """Resolve the name, check the certificate, ask for the page; never raises for what the address does."""
