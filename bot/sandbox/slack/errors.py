"""How the workspace says no."""

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """A Web API refusal: answered as `ok: false` with Slack's own code."""

    def __init__(self, code: str, *, problems: Sequence[str] = (), **extra: Any) -> None:
        """Keep the code that clients branch on, and what Slack puts beside it.

        Args:
            code: one of Slack's documented error codes.
            problems: sentences for `response_metadata.messages`.
            extra: further members of the answer.
        """
        super().__init__(code)
        self.code = code
        self.problems = tuple(problems)
        self.extra = extra

    def answer(self) -> dict[str, Any]:
        """Word the refusal as Slack's JSON."""
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.problems:
            messages = [f"[ERROR] {problem}" for problem in self.problems]
            answer["response_metadata"] = {"messages": messages}
        return answer


class RateLimited(Exception):
    """Too many calls; a client may try again after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        """Keep the seconds for the Retry-After header."""
        super().__init__(retry_after)
        self.retry_after = retry_after


class AppSilent(Exception):
    """The app did not do its part; the message is what Slack shows to the person."""


class UrlNotVerified(Exception):
    """A request URL did not show that it is the app's; the message says how."""
