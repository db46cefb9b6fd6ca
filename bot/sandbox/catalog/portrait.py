"""What an entity's page shows, worked out from the entity and its neighbours."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.catalog import refs
from bot.sandbox.catalog.processing import LOCATION
from bot.sandbox.catalog.view import Final, Snapshot

_TABLES = {
    "hasMember": "Members",
    "memberOf": "Groups",
    "parentOf": "Subgroups",
    "ownerOf": "Owns",
    "hasPart": "Consists of",
    "providesApi": "Provides APIs",
    "consumesApi": "Consumes APIs",
    "apiProvidedBy": "Provided by",
    "apiConsumedBy": "Consumed by",
    "dependsOn": "Depends on",
    "dependencyOf": "Needed by",
}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entity at the other end of a relation; without a page when the catalog has no such entity."""

    ref: str
    kind: str
    title: str
    description: str
    page: str
    relation: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list of entities."""

    title: str
    name: str
    kind: str
    page: str
    description: str
    type: str
    lifecycle: str
    email: str
    owner: Neighbour | None
    system: Neighbour | None
    groups: tuple[Neighbour, ...]
    tags: tuple[str, ...]
    has_problem: bool


@dataclass(frozen=True, slots=True)
class Portrait:
    """All that stands on an entity's page."""

    line: Line
    ref: str
    facts: tuple[tuple[str, str], ...]
    source: str
    edit: str
    links: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    is_orphan: bool
    neighbours: tuple[Neighbour, ...]
    tables: tuple[tuple[str, tuple[Neighbour, ...]], ...]
    definition: str


def page_of(ref: str) -> str:
    """An entity's address, as Backstage has it."""
    parsed = refs.parse(ref)
    return f"/catalog/{parsed.namespace}/{parsed.kind}/{parsed.name}"


def title_of(final: Final) -> str:
    """What people call it."""
    metadata, profile = final.entity["metadata"], _mapping(_spec(final).get("profile"))
    return str(profile.get("displayName") or metadata.get("title") or metadata["name"])


def line_of(final: Final, snapshot: Snapshot) -> Line:
    """The entity as a row of the list."""
    metadata, spec = final.entity["metadata"], _spec(final)
    neighbours = _neighbours(final, snapshot)
    return Line(
        title=title_of(final),
        name=metadata["name"],
        kind=final.entity["kind"],
        page=page_of(final.ref),
        description=metadata.get("description") or "",
        type=str(spec.get("type") or ""),
        lifecycle=str(spec.get("lifecycle") or ""),
        email=str(_mapping(spec.get("profile")).get("email") or ""),
        owner=_first(neighbours, "ownedBy"),
        system=_first(neighbours, "partOf"),
        groups=tuple(each for each in neighbours if each.relation == "memberOf"),
        tags=tuple(metadata.get("tags") or ()),
        has_problem="status" in final.entity,
    )


def portrait_of(final: Final, snapshot: Snapshot) -> Portrait:
    """The entity as its page shows it."""
    metadata, spec = final.entity["metadata"], _spec(final)
    annotations = metadata["annotations"]
    neighbours = _neighbours(final, snapshot)
    return Portrait(
        line=line_of(final, snapshot),
        ref=final.ref,
        facts=_facts(final),
        source=annotations.get("backstage.io/view-url")
        or annotations[LOCATION].removeprefix("url:"),
        edit=annotations.get("backstage.io/edit-url", ""),
        links=_links(metadata),
        annotations=tuple(sorted(annotations.items())),
        labels=tuple(sorted((metadata.get("labels") or {}).items())),
        problems=tuple(item["message"] for item in final.entity.get("status", {}).get("items", ())),
        is_orphan="backstage.io/orphan" in annotations,
        neighbours=neighbours,
        tables=_tables(neighbours),
        definition=str(spec.get("definition") or ""),
    )


def is_web(url: str) -> bool:
    """Whether a browser may follow it: entity files are anybody's text."""
    return urlsplit(url).scheme in {"http", "https", "mailto"}


def _neighbours(final: Final, snapshot: Snapshot) -> tuple[Neighbour, ...]:
    return tuple(
        _neighbour(relation["targetRef"], relation["type"], snapshot)
        for relation in final.entity["relations"]
    )


def _neighbour(ref: str, relation: str, snapshot: Snapshot) -> Neighbour:
    known, parsed = snapshot.entities.get(ref), refs.parse(ref)
    return Neighbour(
        ref=ref,
        kind=parsed.kind,
        title=title_of(known) if known else parsed.name,
        description=str(known.entity["metadata"].get("description") or "") if known else "",
        page=page_of(ref) if known else "",
        relation=relation,
    )


def _first(neighbours: tuple[Neighbour, ...], relation: str) -> Neighbour | None:
    return next((each for each in neighbours if each.relation == relation), None)


def _facts(final: Final) -> tuple[tuple[str, str], ...]:
    spec = _spec(final)
    found = {
        "Type": spec.get("type"),
        "Lifecycle": spec.get("lifecycle"),
        "E-mail": _mapping(spec.get("profile")).get("email"),
        "Namespace": final.entity["metadata"].get("namespace"),
        "Targets": "\n".join([*filter(None, [spec.get("target")]), *(spec.get("targets") or ())]),
    }
    return tuple((name, str(value)) for name, value in found.items() if value)


def _links(metadata: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (link.get("title") or link["url"], link["url"])
        for link in metadata.get("links") or ()
        if is_web(link["url"])
    )


def _tables(neighbours: tuple[Neighbour, ...]) -> tuple[tuple[str, tuple[Neighbour, ...]], ...]:
    named = (
        (title, tuple(each for each in neighbours if each.relation == relation))
        for relation, title in _TABLES.items()
    )
    return tuple((title, found) for title, found in named if found)


def _spec(final: Final) -> dict[str, Any]:
    return _mapping(final.entity.get("spec"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
