"""What of a text is there to be read: neither control characters, which a terminal obeys, nor those that turn the line round."""

import unicodedata

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def is_readable(character: str) -> bool:
    """Whether it is shown as what it is, and changes nothing around it."""
    return unicodedata.category(character) not in {"Cc", "Cs", "Co"} and (
        character not in _BIDI_CONTROLS
    )
