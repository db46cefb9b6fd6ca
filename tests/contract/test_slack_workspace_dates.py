"""Slack's tokens for dates, filled in on the reader's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.slack.page import dates

NOON = datetime(2026, 1, 15, 12, 0, 5, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("{date_num}", "2026-01-15"),
        ("{date}", "15 January 2026"),
        ("{date_short}", "15 Jan 2026"),
        ("{date_long}", "Thursday, 15 January 2026"),
        ("{date_pretty}", "Today"),
        ("{date_short_pretty}", "Today"),
        ("{date_long_pretty} at {time}", "Today at 15:00"),
        ("since {date_short_pretty} {time}", "since today 15:00"),
        ("{time}", "15:00"),
        ("{time_secs}", "15:00:05"),
        ("{ago}", "2 hours ago"),
        ("{unknown}", "{unknown}"),
    ],
)
def test_each_token_of_a_date_is_filled_in(token: str, shown: str) -> None:
    now = NOON + timedelta(hours=2).total_seconds()

    assert dates.formatted(NOON, token, zone="Europe/Istanbul", now=now) == shown


@pytest.mark.parametrize(
    ("days", "shown"), [(-1, "Tomorrow"), (1, "Yesterday"), (2, "15 January 2026")]
)
def test_days_nearby_have_names(days: int, shown: str) -> None:
    now = NOON + timedelta(days=days).total_seconds()

    assert dates.formatted(NOON, "{date_pretty}", zone="UTC", now=now) == shown
