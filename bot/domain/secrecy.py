"""What must never be said: each secret is known from where it comes in, and masked where anything goes out.

The bot itself puts no secret into words. Other systems may: a proxy that answers with the request, headers and all, or a
message with an address that holds a password. What they say is passed on to people, so it is masked on the way.
"""

from urllib.parse import quote

MASK = "[secret]"
SHORTEST = 8
"""In characters: the mask of a shorter one would hide words that everybody uses."""

_known: set[str] = set()


def keep(*secrets: str) -> None:
    """Have these masked from now on, in this process, also as they stand in an address."""
    long_enough = [secret for secret in secrets if len(secret) >= SHORTEST]
    _known.update(form for secret in long_enough for form in (secret, quote(secret, safe="")))


def masked(text: str) -> str:
    """The text without any secret that is known; one that holds another is masked as a whole."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
