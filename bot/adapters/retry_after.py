"""How long the other side of an HTTP call wants to be left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_WAIT = timedelta(hours=1)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Read `Retry-After`, which is a number of seconds or a date; None where there is none that makes sense."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value), _LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), _LONGEST_WAIT)
