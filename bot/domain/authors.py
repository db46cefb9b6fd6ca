"""Whose wish a request is: who asked for it, and who has changed it since."""

from bot.domain.entities import Person
from bot.domain.value import Value


class Authors(Value):
    """None of them approves the request, nor reviews a glass that was broken for it."""

    requester: Person
    changed_by: tuple[Person, ...] = ()

    @property
    def slack_ids(self) -> frozenset[str]:
        """Who they are in Slack."""
        return frozenset(each.slack_id for each in (self.requester, *self.changed_by))

    def why_not(self, person: Person, *, to: str) -> str | None:
        """Why this person may not be the one `to` decide or review, as a sentence for them; None when they may."""
        if person.user == self.requester.user:
            return f"You asked for this yourself, so somebody else has to {to}."
        if person.user in {each.user for each in self.changed_by}:
            return f"You changed what is asked for here, so somebody else has to {to}."
        return None
