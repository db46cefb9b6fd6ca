"""For clients that speak plain HTTP only."""

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody; a client without it reads all certificates first, which takes longer than many a test."""
