"""Offer entities for a search field, those closest to the person first."""

from bot.domain.entities import EntityRef, Person
from bot.ports.bundle import Ports
from bot.ports.service_catalog import Entity

AT_MOST = 100
SEARCHED = 1000


async def suggest(kind: str, text: str, *, person: Person, ports: Ports) -> tuple[Entity, ...]:
    """Systems of the person's own groups, or those groups themselves, before the others; each part by title."""
    found = await ports.catalog.search(kind, text, limit=SEARCHED)
    return tuple(sorted(found, key=lambda entity: not _is_mine(entity, person)))[:AT_MOST]


def _is_mine(entity: Entity, person: Person) -> bool:
    nearest: EntityRef | None = entity.ref if entity.ref.kind == "group" else entity.owner
    return nearest is not None and person.is_in(nearest)
