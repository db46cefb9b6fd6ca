"""What people ask for: one validated wish, from the form to the end of the job."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from bot.domain.entities import EntityRef, GroupRef, Person
from bot.domain.value import Value

Description = Annotated[str, Field(min_length=1, max_length=300)]
DisplayName = Annotated[str, Field(min_length=1, max_length=80)]


class Visibility(StrEnum):
    """Who may see the repositories, in GitLab's words."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class AppRequest(Value):
    """A new application from a golden-path template.

    `parameters` is everything the form asked, as the template's own schema validated it.
    """

    kind: Literal["new-app"] = "new-app"
    template: str
    name: DisplayName
    slug: str
    system: EntityRef
    description: Description
    hostname: str
    owner: GroupRef
    visibility: Visibility
    requester: Person
    parameters: Mapping[str, JsonValue] = {}

    @property
    def is_private(self) -> bool:
        """Whether only those may know of it whom it concerns."""
        return self.visibility is Visibility.PRIVATE


class SystemRequest(Value):
    """A new system in the catalog, for applications to belong to."""

    kind: Literal["new-system"] = "new-system"
    template: str
    name: DisplayName
    slug: str
    description: Description
    owner: GroupRef
    requester: Person
    parameters: Mapping[str, JsonValue] = {}

    @property
    def is_private(self) -> bool:
        """Every team sees a system."""
        return False

    @property
    def ref(self) -> EntityRef:
        """The system's place in the catalog."""
        return EntityRef(kind="system", namespace="default", name=self.slug)


Request = Annotated[AppRequest | SystemRequest, Field(discriminator="kind")]
