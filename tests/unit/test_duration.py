"""How long something took, in words."""

from datetime import timedelta

import pytest

from bot.domain.duration import in_short


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(seconds=59.6), "1 min"),
        (timedelta(seconds=97.8), "1 min 38 s"),
        (timedelta(hours=1, seconds=59), "1 h"),
        (timedelta(hours=23, minutes=5), "23 h 5 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, hours=4, minutes=5), "3 days 4 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span: timedelta, words: str) -> None:
    assert in_short(span) == words
