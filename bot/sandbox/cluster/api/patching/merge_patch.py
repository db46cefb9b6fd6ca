"""Merge patch, RFC 7386: objects merge, null removes, all else replaces."""

from typing import Any


def patched(live: Any, patch: Any) -> Any:
    """Return the live value with the patch laid over it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(live) if isinstance(live, dict) else {}
    for name, each in patch.items():
        if each is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), each)
    return result
