"""Who somebody in Slack is to the rest of the company."""

from typing import Protocol

from bot.domain.entities import EntityRef, Person


class Directory(Protocol):
    """Match Slack users and catalog users.

    Raises TemporaryError and PermanentError as the catalog and Slack do.
    """

    async def whois(self, slack_id: str) -> Person | None:
        """The person behind a Slack user, with the groups they are in now; None for somebody unknown to the catalog."""

    async def slack_ids(self, group: EntityRef, *, at_most: int | None = None) -> tuple[str, ...]:
        """The Slack users who are members of a group, as far as they are known; the first ones where few are enough."""
