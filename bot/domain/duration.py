"""A length of time as people say it, the same on every surface."""

from datetime import timedelta

_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def in_short(span: timedelta) -> str:
    """In its two largest units, of which a second one that is nothing is left out: `1 min 38 s`, `3 days`."""
    seconds = max(0, round(span.total_seconds()))
    first = next((n for n, (size, _) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
    counts: list[str] = []
    for size, unit in _UNITS[first : first + 2]:
        count, seconds = divmod(seconds, size)
        if count or not counts:
            counts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(counts)
