"""A catalog in memory that refuses what the real one refuses."""

from collections.abc import Iterable, Mapping

from bot.adapters.catalog_documents import (
    by_title,
    contains,
    entity_from_file,
    known_as,
    parsed,
)
from bot.adapters.memory.faults import Faults
from bot.domain.entities import EntityRef
from bot.domain.errors import PermanentError
from bot.ports.service_catalog import Entity, is_within

_MEND = "Mend the file, commit it, then press Retry."


class MemoryCatalog(Faults):
    """Reads the entity files it is given, at their addresses.

    `registered` holds each accepted location once, in order. While `is_reading` is False locations are accepted and
    nothing of them appears, as in a catalog that has not come round to them.

    Args:
        files: what the Git host has at an address; it may change later.
        entities: what the catalog knows from the start.
    """

    def __init__(
        self, files: Mapping[str, bytes] | None = None, entities: Iterable[Entity] = ()
    ) -> None:
        super().__init__()
        self.files: Mapping[str, bytes] = {} if files is None else files
        self.registered: list[str] = []
        self.is_reading = True
        self._known = {each.ref: each for each in entities}
        self._origins: dict[EntityRef, str] = {}

    def read(self, location: str) -> None:
        """Take in what the file says now; a reference that is defined elsewhere stays with its first definition."""
        for each in self._entities(location):
            if each.ref not in self._known or self._origins.get(each.ref) == location:
                self._known[each.ref] = each
                self._origins[each.ref] = location

    async def find(self, ref: EntityRef) -> Entity | None:
        with self.around("find"):
            return self._known.get(ref)

    async def search(self, kind: str, text: str = "", *, limit: int = 100) -> tuple[Entity, ...]:
        with self.around("search"):
            found = [each for each in self._of_kind(kind) if contains(each, text)]
            return tuple(sorted(found, key=by_title)[:limit])

    async def find_users(self, *, slack_id: str, email: str) -> tuple[Entity, ...]:
        with self.around("find_users"):
            return known_as(self._of_kind("user"), slack_id=slack_id, email=email)

    async def members(self, group: EntityRef) -> tuple[Entity, ...]:
        with self.around("members"):
            found = (each for each in self._of_kind("user") if group in each.groups)
            return tuple(sorted(found, key=by_title))

    async def register(self, location: str, *, expects: EntityRef) -> None:
        with self.around("register"):
            if location not in self.files:
                raise PermanentError(
                    f"There is no file at {location}.", "Commit it, then press Retry."
                )
            try:
                found = self._entities(location)
            except ValueError as error:
                raise PermanentError(f"{location} is no entity file: {error}", _MEND) from error
            if expects not in {each.ref for each in found}:
                raise PermanentError(f"{location} does not define {expects}.", _MEND)
            self._refuse_second_definition(expects, location)
            if location not in self.registered:
                self.registered.append(location)
            if self.is_reading:
                self.read(location)

    async def unregister(self, ref: EntityRef, *, within: str = "") -> None:
        with self.around("unregister"):
            location = self._origins.get(ref) or self._unread_location_of(ref, within)
            brought = {each for each, origin in self._origins.items() if origin == location}
            if location not in self.registered or not is_within(location, within):
                return
            if brought - {ref} and not within:
                return
            self.registered.remove(location)
            for each in brought | {ref}:
                self._origins.pop(each, None)
                self._known.pop(each, None)

    def page(self, ref: EntityRef) -> str:
        return f"https://catalog.example.com/catalog/{ref.namespace}/{ref.kind}/{ref.name}"

    def _refuse_second_definition(self, ref: EntityRef, location: str) -> None:
        origin = self._origins.get(ref, "elsewhere")
        if ref in self._known and origin != location:
            raise PermanentError(
                f"The catalog has {ref} already, from {origin}.",
                "Choose another name, or remove the other definition, then retry.",
            )

    def _unread_location_of(self, ref: EntityRef, within: str) -> str:
        """The location that will bring the entity once it is read; others that it will bring may hold it back."""
        for location in self.registered:
            will_bring = {e.ref for e in self._entities(location)} if location in self.files else {}
            if will_bring == {ref} or (within and ref in will_bring):
                return location
        return ""

    def _entities(self, location: str) -> list[Entity]:
        found = (
            entity_from_file(each, web_url="", location=location)
            for each in parsed(self.files[location])
        )
        return [each.model_copy(update={"web_url": self.page(each.ref)}) for each in found if each]

    def _of_kind(self, kind: str) -> list[Entity]:
        return [each for each in self._known.values() if each.ref.kind == kind]
