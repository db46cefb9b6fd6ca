"""What must never be said: each secret is known from where it comes in, and masked where anything goes out.

The bot itself puts no secret into words. Other systems may: a proxy that answers with the request, headers and all, or a
message with an address that holds a password. What they say is passed on to people, so it is masked on the way.

Nothing is forgotten: a token that was replaced may be good until it expires, and may be repeated long after it was sent.
There are some two for each application that this process has made.
"""

from bisect import bisect_left
from urllib.parse import quote

MASK = "[secret]"
SHORTEST = 8
"""In characters: the mask of a shorter one would hide words that everybody uses."""

_longest_first: list[str] = []
"""In order, as each line of the log is held against all of them: to sort them then would be a good part of the work."""


def keep(*secrets: str) -> None:
    """Have these masked from now on, in this process, also as they stand in an address."""
    long_enough = [secret for secret in secrets if len(secret) >= SHORTEST]
    for form in (form for secret in long_enough for form in (secret, quote(secret, safe=""))):
        at = bisect_left(_longest_first, _order(form), key=_order)
        if _longest_first[at : at + 1] != [form]:
            _longest_first.insert(at, form)


def _order(secret: str) -> tuple[int, str]:
    return -len(secret), secret


def masked(text: str) -> str:
    """The text without any secret that is known; one that holds another is masked as a whole."""
    for secret in _longest_first:
        text = text.replace(secret, MASK)
    return text
