"""Say how long ago something was, as kubectl's columns do."""

import datetime as dt

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SECONDS_UP_TO = 120
_MINUTES_UP_TO = 180
_HOURS_UP_TO = 48


def age(timestamp: str | None) -> str:
    """Return the time since then: `12s`, `5m`, `3h`, `9d`."""
    if not timestamp:
        return "<unknown>"
    since = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(timestamp)
    return shown(max(int(since.total_seconds()), 0))


def shown(seconds: int) -> str:
    """Round a number of seconds to the unit that tells enough."""
    if seconds < _SECONDS_UP_TO:
        return f"{seconds}s"
    minutes, hours = seconds // _MINUTE, seconds // _HOUR
    if minutes < _MINUTES_UP_TO:
        return f"{minutes}m"
    if hours < _HOURS_UP_TO:
        return f"{hours}h"
    return f"{seconds // _DAY}d"
