"""Entity documents, from a file or from Backstage, reduced to what the bot uses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.domain.entities import EntityRef, entity_ref
from bot.ports.service_catalog import Entity

SLACK_ID = "slack.com/user-id"
_OWNER_FIELD = "owner"

Document = Mapping[str, Any]


def parsed(content: bytes) -> tuple[Document, ...]:
    """The documents of an entity file that are mappings.

    Raises:
        ValueError: it is no YAML, with the parser's words.
    """
    try:
        found = list(YAML(typ="safe", pure=True).load_all(content.decode()))
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return tuple(document for document in found if isinstance(document, dict))


def ref_of(document: Document) -> EntityRef | None:
    """The entity's reference; None where it has none that the bot could use."""
    metadata = _mapping(document, "metadata")
    kind, name = document.get("kind"), metadata.get("name")
    if not kind or not name:
        return None
    return _reference(f"{kind}:{metadata.get('namespace') or 'default'}/{name}")


def entity_from_file(document: Document, *, web_url: str, location: str) -> Entity | None:
    """The entity as its own file tells it, where no catalog has worked out relations."""
    spec = _mapping(document, "spec")
    owner = spec.get(_OWNER_FIELD)
    groups = spec.get("memberOf")
    return entity(
        document,
        web_url=web_url,
        location=location,
        owners=[owner] if owner else (),
        groups=groups if isinstance(groups, list) else (),
    )


def entity(
    document: Document,
    *,
    web_url: str,
    location: str,
    owners: Iterable[Any],
    groups: Iterable[Any],
    problem: str = "",
) -> Entity | None:
    """The document as the bot's own value; None where its reference is none that the bot could use."""
    ref = ref_of(document)
    if ref is None:
        return None
    metadata, profile = _mapping(document, "metadata"), _mapping(document, "spec", "profile")
    return Entity(
        ref=ref,
        title=str(profile.get("displayName") or metadata.get("title") or metadata["name"]),
        description=str(metadata.get("description") or ""),
        owner=next(_references(owners), None),
        groups=frozenset(_references(groups)),
        email=str(profile.get("email") or ""),
        slack_id=str(_mapping(document, "metadata", "annotations").get(SLACK_ID) or ""),
        web_url=web_url,
        location=location,
        problem=problem,
    )


def contains(found: Entity, text: str) -> bool:
    """Whether the name or the title has the text in it, in any case."""
    wanted = text.strip().casefold()
    return wanted in found.ref.name.casefold() or wanted in found.title.casefold()


def known_as(users: Iterable[Entity], *, slack_id: str, email: str) -> tuple[Entity, ...]:
    """The users with that Slack id; failing that, those with that e-mail address."""
    ordered = sorted(users, key=by_ref)
    by_id = [each for each in ordered if slack_id and each.slack_id == slack_id]
    by_email = [each for each in ordered if email and each.email.lower() == email.lower()]
    return tuple(by_id or by_email)


def by_ref(found: Entity) -> str:
    """The order of those whom nobody looks through."""
    return str(found.ref)


def by_title(found: Entity) -> tuple[str, str]:
    """The order in which people look through a list."""
    return found.title.casefold(), str(found.ref)


def _references(texts: Iterable[Any]) -> Iterator[EntityRef]:
    for text in texts:
        ref = _reference(text)
        if ref:
            yield ref


def _reference(text: object) -> EntityRef | None:
    """A reference whose kind may be left out: owners and memberships are groups then."""
    try:
        return entity_ref(text, kind="group") if isinstance(text, str) else None
    except ValidationError:
        return None


def _mapping(document: Document, *path: str) -> Mapping[str, Any]:
    """A mapping inside the document; files are written by people, so anything may stand in its place."""
    value: Any = document
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
