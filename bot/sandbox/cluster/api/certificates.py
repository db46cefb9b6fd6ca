"""The server's certificate and the authority behind it, made once: kubectl sends no token over plain HTTP."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files that the server and its clients read."""

    authority: Path
    chain: Path
    key: Path


def in_folder(folder: Path) -> Certificates:
    """Return the certificates that lie in the folder; the last file written says that all are there."""
    found = Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    if not found.authority.exists():
        _make(found)
    return found


def _make(wanted: Certificates) -> None:
    authority = trustme.CA(organization_name="idp-bot sandbox cluster")
    issued = authority.issue_cert("localhost", "127.0.0.1", "kubernetes.default.svc")
    wanted.key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(wanted.key)
    wanted.chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    fresh = wanted.authority.with_suffix(".new")
    authority.cert_pem.write_to_path(fresh)
    fresh.replace(wanted.authority)
