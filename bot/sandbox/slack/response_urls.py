"""Response URLs: five answers within half an hour of what somebody did."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

USES = 5
LIFETIME = 30 * 60.0


@dataclass(slots=True)
class ResponseUrl:
    """Where an answer goes, and how many are left."""

    user: str
    channel: str
    message_ts: str
    thread_ts: str
    expires: float
    uses: int = USES


class ResponseUrls:
    """Gives out response URLs and counts their uses."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Start with none given out."""
        self._clock = clock
        self._given: dict[str, ResponseUrl] = {}

    def give(self, user: str, channel: str, *, message_ts: str = "", thread_ts: str = "") -> str:
        """Make the path of a response URL."""
        now = self._clock()
        self._given = {key: url for key, url in self._given.items() if url.expires > now}
        key = secrets.token_urlsafe(24)
        self._given[key] = ResponseUrl(user, channel, message_ts, thread_ts, now + LIFETIME)
        return f"/actions/{key}"

    def use(self, key: str) -> ResponseUrl | None:
        """Count one use; nothing comes back when the URL is unknown, too old or used up."""
        url = self._given.get(key)
        if url is None or url.expires <= self._clock() or url.uses == 0:
            return None
        url.uses -= 1
        return url
