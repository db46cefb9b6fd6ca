"""Which of Backstage's locations stands for an entity, and for nothing else."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from bot.adapters.catalog_documents import Document, is_within, ref_of
from bot.domain.entities import EntityRef

MANAGED_BY = "backstage.io/managed-by-location"


def brings_alone(target: str, brought: Iterable[Document], ref: EntityRef) -> bool:
    """Whether the very file that is registered defines the entity, and no other one comes in by it.

    Beside what the files define, Backstage makes an entity of the location itself.
    """
    entities = [each for each in brought if str(each.get("kind")).lower() != "location"]
    return bool(entities) and all(
        ref_of(each) == ref and unquote(_source(each)) == unquote(f"url:{target}")
        for each in entities
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


def _source(document: Document) -> str:
    return str((document["metadata"].get("annotations") or {}).get(MANAGED_BY, ""))
