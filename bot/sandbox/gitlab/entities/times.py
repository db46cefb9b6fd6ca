"""Write points in time as GitLab does."""

from datetime import UTC, date, datetime


def iso(moment: datetime | None) -> str | None:
    """As most of the API does: UTC with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def zoned(moment: datetime) -> str:
    """As commits do: in the zone of their author."""
    return moment.isoformat(timespec="milliseconds")


def spoken(moment: datetime | None) -> str | None:
    """As webhooks do: not ISO 8601."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day(moment: date | None) -> str | None:
    """A date alone."""
    return None if moment is None else moment.isoformat()


def seconds(start: datetime | None, end: datetime | None) -> float | None:
    """How long something took, or has not yet."""
    return None if start is None or end is None else (end - start).total_seconds()
