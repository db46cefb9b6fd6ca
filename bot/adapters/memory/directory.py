"""People without Slack or a catalog."""

from bot.adapters.memory.faults import Faults
from bot.domain.entities import EntityRef, Person


class MemoryDirectory(Faults):
    """Knows the people it was given."""

    def __init__(self, *people: Person) -> None:
        super().__init__()
        self.people = {person.slack_id: person for person in people}

    async def whois(self, slack_id: str) -> Person | None:
        with self.around("whois"):
            return self.people.get(slack_id)

    async def slack_ids(self, group: EntityRef, *, at_most: int | None = None) -> tuple[str, ...]:
        with self.around("slack_ids"):
            members = [p.slack_id for p in self.people.values() if p.is_in(group)]
            return tuple(members[:at_most])
