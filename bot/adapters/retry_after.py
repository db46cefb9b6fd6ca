"""How long the other side of an HTTP call wants to be left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_WAIT = timedelta(hours=1)
_DIGITS = 6
"""More are longer than the longest wait, and Python reads no number of thousands of digits."""


def retry_after(headers: Mapping[str, str], *, now: datetime | None) -> timedelta | None:
    """Read `Retry-After`, which is a number of seconds or a date; None where there is none that makes sense.

    Args:
        headers: of the answer, whatever the case of their names if the mapping does not care.
        now: to read a date; None for a system that never sends one.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        seconds = int(value.lstrip("0")[:_DIGITS] or 0)
        return timedelta(seconds=min(seconds, _LONGEST_WAIT.total_seconds()))
    if now is None:
        return None
    try:
        at = parsedate_to_datetime(value)
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT)
