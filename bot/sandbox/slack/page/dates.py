"""Write moments as Slack does, in the reader's own time zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("Yesterday", "Today", "Tomorrow")


def at(seconds: float, zone: str) -> datetime:
    """Read a moment on somebody's clock."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone))


def clock(moment: datetime) -> str:
    """Write the time of day."""
    return f"{moment:%H:%M}"


def day(moment: datetime, now: datetime) -> str:
    """Write a day as the divider between two days' messages."""
    return _pretty(moment, now, f"{moment:%A}, {moment.day} {moment:%B}")


def formatted(seconds: float, pattern: str, *, zone: str, now: float) -> str:
    """Fill in a pattern such as `{date_short_pretty} at {time}`; only where it begins with a day's word, that has a capital."""
    moment, today = at(seconds, zone), at(now, zone)
    words = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date": f"{moment.day} {moment:%B} {moment.year}",
        "date_short": f"{moment.day} {moment:%b} {moment.year}",
        "date_long": f"{moment:%A}, {moment.day} {moment:%B} {moment.year}",
        "time": clock(moment),
        "time_secs": f"{moment:%H:%M:%S}",
        "day_divider_pretty": day(moment, today),
        "ago": _ago(now - seconds),
    }
    for name in ("date", "date_short", "date_long"):
        words[f"{name}_pretty"] = _pretty(moment, today, words[name])

    def filled(token: re.Match[str]) -> str:
        word = words.get(token[1], token[0])
        return word.lower() if token.start() and word in _DAYS else word

    return re.sub(r"\{(\w+)\}", filled, pattern)


def _pretty(moment: datetime, now: datetime, otherwise: str) -> str:
    days = (now.date() + timedelta(days=n) for n in (-1, 0, 1))
    return dict(zip(days, _DAYS, strict=True)).get(moment.date(), otherwise)


def _ago(seconds: float) -> str:
    words = "in {}" if seconds < 0 else "{} ago"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(abs(seconds) // size)
        if count:
            return words.format(f"{count} {unit}{'s' if count > 1 else ''}")
    return "just now"
