"""The gateway's own authority, and a certificate for whatever name a client asks for."""

import ssl
from pathlib import Path

import trustme

LOCALHOST = "localhost"


class Certificates:
    """Issues a certificate per name: a wildcard right below a top-level domain is not believed by clients."""

    def __init__(self, folder: Path) -> None:
        """Keep the authority in the folder, so that a client's trust outlives a restart."""
        self.ca = folder / "ca.pem"
        self._authority = _authority(self.ca, folder / "ca.key")
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self) -> ssl.SSLContext:
        """Make the context of a listener that chooses its certificate by the name asked for."""
        context = self._context_for(LOCALHOST)
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name == LOCALHOST or (name or "").endswith(f".{LOCALHOST}"):
            connection.context = self._context_for(name or LOCALHOST)

    def _context_for(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(name).configure_cert(context)
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[name] = context
        return self._contexts[name]


def _authority(certificate: Path, key: Path) -> trustme.CA:
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    certificate.parent.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Sandbox platform", organization_unit_name="Gateway")
    key.touch(mode=0o600)
    authority.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(certificate)
    return authority
