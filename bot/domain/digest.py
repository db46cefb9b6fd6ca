"""Fingerprints: the same content has the same one, in every process and for ever."""

import hashlib
import json

from pydantic import JsonValue


def canonical(value: JsonValue) -> str:
    """The one way to write it: keys in order, no spaces, nothing escaped that need not be."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: JsonValue) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
