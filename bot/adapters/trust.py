"""Whom to trust when a server shows its certificate."""

import functools
import ssl
from pathlib import Path

import httpx


@functools.cache
def trusted(ca_file: Path | None = None) -> ssl.SSLContext:
    """The usual authorities, and those of a file besides them.

    They are read once for all connections: reading them takes longer than most requests.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
