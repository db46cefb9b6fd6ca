"""Connections that some commands need alone; they do not wait until the whole bot is imported."""

from datetime import UTC, datetime, timedelta

from bot.adapters.gitlab import GitLab
from bot.settings import PlatformSettings


def clock() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 the one place that reads it


def git_host(settings: PlatformSettings, *, timeout: timedelta = timedelta(seconds=20)) -> GitLab:
    """GitLab, as the settings name it."""
    return GitLab(
        settings.gitlab_url,
        token=settings.gitlab_token,
        webhook_secret=settings.gitlab_webhook_secret,
        clock=clock,
        timeout=timeout,
    )
