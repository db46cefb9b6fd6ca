"""How entities hang together: what one of them says, read from both ends."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.catalog import refs
from bot.sandbox.catalog.refs import Document


@dataclass(frozen=True, slots=True)
class Relation:
    """One direction of it."""

    source: str
    type: str
    target: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the spec that names other entities; without a default kind their references must be full."""

    name: str
    outgoing: str
    incoming: str
    default_kind: str = ""


_OWNER = _Field("owner", "ownedBy", "ownerOf", "Group")
_SYSTEM = _Field("system", "partOf", "hasPart", "System")
_DEPENDS = (
    _Field("dependsOn", "dependsOn", "dependencyOf"),
    _Field("dependencyOf", "dependencyOf", "dependsOn"),
)

_FIELDS: dict[str, tuple[_Field, ...]] = {
    "API": (_OWNER, _SYSTEM),
    "Component": (
        _OWNER,
        _SYSTEM,
        _Field("subcomponentOf", "partOf", "hasPart", "Component"),
        _Field("providesApis", "providesApi", "apiProvidedBy", "API"),
        _Field("consumesApis", "consumesApi", "apiConsumedBy", "API"),
        *_DEPENDS,
    ),
    "Domain": (_OWNER, _Field("subdomainOf", "partOf", "hasPart", "Domain")),
    "Group": (
        _Field("parent", "childOf", "parentOf", "Group"),
        _Field("children", "parentOf", "childOf", "Group"),
        _Field("members", "hasMember", "memberOf", "User"),
    ),
    "Resource": (_OWNER, _SYSTEM, *_DEPENDS),
    "System": (_OWNER, _Field("domain", "partOf", "hasPart", "Domain")),
    "Template": (_OWNER,),
    "User": (_Field("memberOf", "memberOf", "hasMember", "Group"),),
}


def relations_of(entity: Document) -> tuple[Relation, ...]:
    """Every relation that this entity's own words make, in both directions.

    Raises:
        ValueError: a field holds something that is no reference.
    """
    return tuple(_relations(entity))


def _relations(entity: Document) -> Iterator[Relation]:
    source = refs.ref_of(entity)
    namespace = entity["metadata"].get("namespace") or refs.DEFAULT_NAMESPACE
    spec = entity.get("spec") or {}
    for field in _FIELDS.get(entity["kind"], ()):
        named = spec.get(field.name) or ()
        for text in (named,) if isinstance(named, str) else named:
            target = str(
                refs.parse(text, default_kind=field.default_kind, default_namespace=namespace)
            )
            yield Relation(source, field.outgoing, target)
            yield Relation(target, field.incoming, source)
