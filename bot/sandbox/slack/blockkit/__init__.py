"""Block Kit's rules, checked as strictly as Slack checks them."""

from bot.sandbox.slack.blockkit.checks import (
    check_message,
    check_options,
    check_view,
    problems_of,
)

__all__ = ["check_message", "check_options", "check_view", "problems_of"]
