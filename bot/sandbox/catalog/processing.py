"""One round over one entity: read what it points at, check it, and say what follows from it."""

import copy
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.catalog import (
    addresses,
    documents,
    gitlab,
    placeholders,
    refs,
    validation,
)
from bot.sandbox.catalog.errors import Problem
from bot.sandbox.catalog.refs import Document
from bot.sandbox.catalog.relations import Relation, relations_of

LOCATION = "backstage.io/managed-by-location"
ORIGIN = "backstage.io/managed-by-origin-location"

DEFAULT_KINDS = frozenset(
    {
        "API",
        "Component",
        "Domain",
        "Group",
        "Location",
        "Resource",
        "System",
        "Template",
        "User",
    }
)


@dataclass(frozen=True, slots=True)
class Child:
    """An entity that another one brings in; of two with one reference, the location key tells them apart."""

    ref: str
    location_key: str
    entity: Document


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round found. With errors in it, nothing else of it counts."""

    entity: Document | None = None
    children: tuple[Child, ...] = ()
    relations: tuple[Relation, ...] = ()
    errors: tuple[Problem, ...] = ()
    cache: dict[str, Any] = field(default_factory=dict)
    reads_files: bool = False


class _RefusedError(Exception):
    """The round ends here."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(name, message)


def registered(target: str) -> Child:
    """The Location entity that stands for a registered location."""
    location = f"url:{target}"
    name = addresses.generated_name(target)
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {
            "name": name,
            "namespace": refs.DEFAULT_NAMESPACE,
            "annotations": {LOCATION: location, ORIGIN: location},
        },
        "spec": {"type": "url", "target": target},
    }
    return Child(refs.ref_of(entity), location, entity)


class Processor:
    """Knows the catalog's rules: which host may be read, and which kinds a registered location may bring."""

    def __init__(
        self, reader: gitlab.Reader, *, allowed_kinds: frozenset[str] = DEFAULT_KINDS
    ) -> None:
        self._reader = reader
        self._allowed = frozenset(kind.lower() for kind in allowed_kinds)

    async def process(self, entity: Document, cache: dict[str, Any] | None = None) -> Outcome:
        """Process a copy of the entity; `cache` is what the last round handed on."""
        reads_files = entity["kind"] == "Location" or placeholders.has_placeholders(entity)
        try:
            completed = await self._prepared(copy.deepcopy(entity))
            validation.check(completed)
            children, errors, kept = await self._read_targets(completed, cache or {})
            found = _relations(completed)
            self._require_allowed(children, completed)
        except _RefusedError as error:
            return Outcome(errors=(error.problem,), reads_files=reads_files)
        except validation.InvalidError as error:
            return Outcome(errors=(Problem("InputError", str(error)),), reads_files=reads_files)
        if errors:
            return Outcome(errors=errors, reads_files=reads_files)
        return Outcome(completed, children, found, (), kept, reads_files)

    async def _prepared(self, entity: Document) -> Document:
        """Filled in and annotated; what the file itself says wins over what would be added."""
        _, target = addresses.split_location(entity["metadata"]["annotations"][LOCATION])
        try:
            filled: Document = await placeholders.filled(entity, base=target, reader=self._reader)
        except placeholders.PlaceholderError as error:
            raise _RefusedError(
                "InputError",
                f"Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: {error}",
            ) from error
        metadata = filled["metadata"]
        metadata.setdefault("namespace", refs.DEFAULT_NAMESPACE)
        if self._reader.has_integration(target):
            metadata["annotations"] = _addresses_of(target) | metadata["annotations"]
        return filled

    async def _read_targets(
        self, entity: Document, cache: dict[str, Any]
    ) -> tuple[tuple[Child, ...], tuple[Problem, ...], dict[str, Any]]:
        """What a Location's files hold; one broken file spoils the round, as it does in Backstage."""
        children: list[Child] = []
        errors: list[Problem] = []
        kept: dict[str, Any] = {}
        for target in _targets(entity) if entity["kind"] == "Location" else ():
            try:
                kept[target], wrong = await self._read(target, cache.get(target), entity)
            except gitlab.ReadError as error:
                errors.append(Problem("InputError", f"Unable to read url, {error.problem}"))
                continue
            errors += wrong
            for item in kept[target]["entities"]:
                _collect(item, entity, children, errors)
        return tuple(children), tuple(errors), kept

    async def _read(
        self, target: str, cached: Any, entity: Document
    ) -> tuple[dict[str, Any], list[Problem]]:
        try:
            found = await self._reader.search(target, cached["etag"] if cached else "")
        except gitlab.NotModifiedError:
            return cached, []
        entities: list[dict[str, Any]] = []
        problems: list[Problem] = []
        if not found.files and entity["spec"].get("presence") != "optional":
            problems.append(
                Problem(
                    "NotFoundError", f"Unable to read url, no matching files found for {target}"
                )
            )
        for file in found.files:
            items, wrong = documents.entities_in(file)
            entities += ({"url": file.url, "entity": item} for item in items)
            problems += wrong
        return {"etag": found.etag, "entities": entities}, problems

    def _require_allowed(self, children: tuple[Child, ...], entity: Document) -> None:
        annotations = entity["metadata"]["annotations"]
        for child in children:
            if child.entity["kind"].lower() not in self._allowed:
                raise _RefusedError(
                    "NotAllowedError",
                    f"Entity {child.ref} at {annotations[LOCATION]}, originated at {annotations[ORIGIN]}, "
                    "is not of an allowed kind for that location",
                )


def _collect(
    item: dict[str, Any], parent: Document, children: list[Child], errors: list[Problem]
) -> None:
    """Turn a document into a child, or into an error when it does not even have a reference."""
    document, location = item["entity"], f"url:{item['url']}"
    try:
        validation.check_envelope(document)
    except validation.InvalidError as error:
        errors.append(Problem("TypeError", str(error)))
        return
    ref = refs.ref_of(document)
    if ref == refs.ref_of(parent):
        return
    metadata = dict(document["metadata"])
    annotations = metadata.get("annotations") or {}
    if isinstance(annotations, dict):
        origin = parent["metadata"]["annotations"][ORIGIN]
        metadata["annotations"] = annotations | {ORIGIN: origin, LOCATION: location}
    children.append(Child(ref, location, document | {"metadata": metadata}))


def _targets(entity: Document) -> list[str]:
    """A Location's targets as absolute addresses.

    Raises:
        _RefusedError: they are of a type that no processor reads.
    """
    spec = entity["spec"]
    kind, base = addresses.split_location(entity["metadata"]["annotations"][LOCATION])
    named = [spec["target"]] if spec.get("target") else []
    named += spec.get("targets") or []
    if spec.get("type", kind) != "url" and named:
        raise _RefusedError(
            "InputError",
            f"No processor was able to handle reading of {spec['type']}:{named[0]}",
        )
    return [addresses.resolved(target, base) for target in named]


def _addresses_of(target: str) -> dict[str, str]:
    return {
        "backstage.io/view-url": target,
        "backstage.io/edit-url": addresses.edit_page(target),
        "backstage.io/source-location": f"url:{addresses.folder_page(target)}",
    }


def _relations(entity: Document) -> tuple[Relation, ...]:
    try:
        return relations_of(entity)
    except ValueError as error:
        raise _RefusedError(
            "InputError",
            f"Processor BuiltinKindsEntityProcessor threw an error while postprocessing; caused by TypeError: {error}",
        ) from error
