"""References to catalog entities and the people behind requests, in Backstage's words."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, model_serializer, model_validator
from typing_extensions import override

from bot.domain.value import Value

_REF = re.compile(
    r"(?:(?P<kind>[a-z]+):)?(?:(?P<namespace>[a-z0-9-]+)/)?(?P<name>[a-z0-9][a-z0-9._-]*)"
)


class EntityRef(Value):
    """A full reference `kind:namespace/name`; references compare case-insensitively, so it is kept lower case."""

    kind: str
    namespace: str
    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _REF.fullmatch(value.lower())
        if not match or not match["kind"]:
            raise ValueError(f"“{value}” is not a reference like group:default/payments")
        return {**match.groupdict(), "namespace": match["namespace"] or "default"}

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"


def entity_ref(text: str, *, kind: str) -> EntityRef:
    """Read a reference that may leave out its kind and namespace, as Backstage lets people write it.

    Raises:
        ValueError: the text is no reference.
    """
    return EntityRef.model_validate(text if ":" in text else f"{kind}:{text}")


def _as_group(value: Any) -> Any:
    return entity_ref(value, kind="group") if isinstance(value, str) else value


GroupRef = Annotated[EntityRef, BeforeValidator(_as_group)]


class Person(Value):
    """Somebody who asks or decides: a Slack user who is also a user of the catalog.

    `groups` are the groups the catalog says they are a member of, at the moment of asking.
    """

    slack_id: str
    user: EntityRef
    name: str
    groups: frozenset[EntityRef] = frozenset()

    def is_in(self, group: EntityRef) -> bool:
        """Whether the catalog has them as a member of the group."""
        return group in self.groups
