"""What the organisation knows about itself: users, groups, systems and components."""

from typing import Protocol
from urllib.parse import unquote

from bot.domain.entities import EntityRef
from bot.domain.value import Value


def is_within(location: str, address: str) -> bool:
    """Whether a file is in the repository at the address, or is what stands there; every file is within no address."""
    inner, outer = (unquote(each).rstrip("/").lower() for each in (location, address))
    return not outer or inner == outer or inner.startswith(f"{outer}/")


class Entity(Value):
    """A catalog entity, reduced to what the bot uses.

    `owner` is the group that owns a system or component; `groups` are a user's memberships; `location` is the address
    of the file that defines it; `problem` is the catalog's own complaint about it (a broken source file, a relation
    that points nowhere).
    """

    ref: EntityRef
    title: str
    description: str = ""
    owner: EntityRef | None = None
    groups: frozenset[EntityRef] = frozenset()
    email: str = ""
    slack_id: str = ""
    web_url: str = ""
    location: str = ""
    problem: str = ""

    def is_from(self, repository: str, file: str = "") -> bool:
        """Whether it is defined in the repository at that address, in that file of it where one is named.

        A file has several addresses, one for each way to write a branch, so only the ends are compared.
        """
        is_there = is_within(self.location, repository)
        return is_there and (not file or unquote(self.location).endswith(f"/{file}"))


class ServiceCatalog(Protocol):
    """Find entities and register new ones.

    All methods raise TemporaryError (network, 429, 5xx, timeouts) and PermanentError (token refused, file refused).
    """

    async def find(self, ref: EntityRef) -> Entity | None:
        """The entity as it can be read now, or None."""

    async def search(self, kind: str, text: str = "", *, limit: int = 100) -> tuple[Entity, ...]:
        """Entities of a kind whose name or title contains the text (case-blind), ordered by title.

        Args:
            kind: `system`, `group`, `user` or `component`.
            text: what somebody typed; empty for all.
            limit: Slack shows 100 options at the most.
        """

    async def find_users(self, *, slack_id: str, email: str) -> tuple[Entity, ...]:
        """The users whose annotation `slack.com/user-id` is the id; failing that, those with that e-mail address.

        More than one is a mistake in the catalog that whoever asks has to make something of.
        """

    async def members(self, group: EntityRef) -> tuple[Entity, ...]:
        """The users who are members of a group."""

    async def register(self, location: str, *, expects: EntityRef) -> None:
        """Have the catalog read the entity file at this address (a file's page on the Git host).

        Registering what is registered already asks for it to be read again. Whether the entity can be read is
        `find`'s to tell: a catalog accepts a location before it reads it.

        Raises:
            PermanentError: the file is missing or is no valid entity file, with the catalog's own words.
        """

    async def unregister(self, ref: EntityRef, *, within: str = "") -> None:
        """Forget the location by which the entity came in, so that the entity goes with it.

        What is gone already is fine. A location that brings other entities too (the catalog repository's own, say) is
        left alone, unless all of them stand `within`: there the entity goes when its file does. Ask before the file goes: a location that the catalog
        has accepted and not read yet can only be told by its file.

        Args:
            ref: the entity.
            within: the address of the repository or file that is given up, with all that it defines; a location
                anywhere else is left alone, since somebody else's definition of the same name may have been there
                first. Empty for any that brings the entity alone.
        """

    def page(self, ref: EntityRef) -> str:
        """The address at which people look at the entity."""
