"""Where applications run, as the operator of the platform describes it."""

from pydantic import Field

from bot.domain.value import Value


class Environment(Value):
    """One place to run in: its applications answer on `https://<hostname>.<domain>`."""

    name: str = Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=20)
    domain: str = Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    https_port: int = 443

    def host(self, hostname: str) -> str:
        """The DNS name under which an application answers here."""
        return f"{hostname}.{self.domain}"

    def url(self, hostname: str) -> str:
        """The address a person opens."""
        port = "" if self.https_port == 443 else f":{self.https_port}"  # noqa: PLR2004 HTTPS's own port is left out of addresses
        return f"https://{self.host(hostname)}{port}"
