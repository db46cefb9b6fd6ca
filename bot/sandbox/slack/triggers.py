"""Trigger ids: the short right to open a modal for somebody who has just acted."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.errors import SlackError

LIFETIME = 3.0
REMEMBERED = 600.0


@dataclass(frozen=True, slots=True)
class Trigger:
    """Who has acted, and in which of their windows: the modal opens there."""

    user: str
    window: str
    made_at: float


class Triggers:
    """Gives out trigger ids that last three seconds and work once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Start with none given out."""
        self._clock = clock
        self._live: dict[str, Trigger] = {}
        self._used: dict[str, float] = {}

    def give(self, user: str, window: str = "") -> str:
        """Make a trigger id for somebody who has just done something."""
        now = self._clock()
        self._live = {k: t for k, t in self._live.items() if now - t.made_at < REMEMBERED}
        self._used = {k: at for k, at in self._used.items() if now - at < REMEMBERED}
        trigger = f"{int(now * 1000)}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"
        self._live[trigger] = Trigger(user, window, now)
        return trigger

    def exchange(self, trigger_id: str) -> Trigger:
        """Use up a trigger id and say whose it was.

        Raises:
            SlackError: invalid_trigger_id, expired_trigger_id or exchanged_trigger_id.
        """
        if trigger_id in self._used:
            raise SlackError("exchanged_trigger_id")
        if trigger_id not in self._live:
            raise SlackError("invalid_trigger_id")
        trigger = self._live[trigger_id]
        if self._clock() - trigger.made_at > LIFETIME:
            raise SlackError("expired_trigger_id")
        self._used[trigger_id] = trigger.made_at
        del self._live[trigger_id]
        return trigger
