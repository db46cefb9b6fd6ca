"""Which of Backstage's locations stands for an entity, and for nothing that is to stay."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from bot.adapters.catalog_documents import Document, ref_of
from bot.domain.entities import EntityRef
from bot.ports.service_catalog import is_within

_MANAGED_BY = "backstage.io/managed-by-location"


def may_go(target: str, brought: Iterable[Document], ref: EntityRef, *, within: str) -> bool:
    """Whether the location brings the entity and nothing that is to stay.

    In a repository that is given up whatever its files define goes with it; else the very file that is registered
    must define the entity alone. Beside what the files define, Backstage makes an entity of the location itself.
    """
    entities = [each for each in brought if str(each.get("kind")).lower() != "location"]
    if ref not in {ref_of(each) for each in entities}:
        return False
    if within:
        return all(is_within(source_of(each), within) for each in entities)
    return all(
        ref_of(each) == ref and unquote(source_of(each)) == unquote(target) for each in entities
    )


def candidates(listed: Iterable[Any], ref: EntityRef, *, within: str) -> list[Document]:
    """The locations whose address speaks of the entity: its name is that of a folder, a repository or a file."""
    named = re.compile(rf"/{re.escape(ref.name)}[/.]", re.IGNORECASE)
    found = [each["data"] for each in listed]
    return [
        each
        for each in found
        if named.search(unquote(each["target"])) and is_within(each["target"], within)
    ]


def source_of(document: Document) -> str:
    """The address of the file that defines an entity."""
    annotations = document["metadata"].get("annotations") or {}
    return str(annotations.get(_MANAGED_BY, "")).removeprefix("url:")
