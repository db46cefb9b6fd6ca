"""The catalog repository read as it stands, for those who have no Backstage."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.adapters.catalog_documents import (
    by_title,
    contains,
    entity_from_file,
    known_as,
    parsed,
    ref_of,
)
from bot.domain.entities import EntityRef
from bot.domain.errors import PermanentError
from bot.ports.git_host import GitHost, RenderedFile
from bot.ports.service_catalog import Entity, is_within

_BRANCH = "main"
_LOCATIONS = "locations"
_MEND = "Mend the file, commit it, then press Retry."

Entities = Mapping[EntityRef, Entity]


@dataclass(frozen=True, slots=True)
class _Catalog:
    """The catalog repository as it was read at a commit."""

    sha: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    entities: Entities = field(default_factory=dict)


class GitCatalog:
    """Entities of the catalog repository, and of the files that were registered there.

    Registering a file of another repository adds a Location (`locations/<name>.yaml`) that leads to it, so that a
    Backstage which is set up later finds everything.

    Args:
        git: where the repositories are.
        project: the path of the catalog repository.
        gitlab_url: the address at which people look at it.
    """

    def __init__(self, git: GitHost, *, project: str, gitlab_url: str) -> None:
        self._git = git
        self._project = project
        self._url = gitlab_url.rstrip("/")
        self._read = _Catalog()
        self._pages: dict[EntityRef, str] = {}

    async def find(self, ref: EntityRef) -> Entity | None:
        catalog = await self._catalog()
        found = catalog.entities.get(ref)
        if found is None:
            found = (await self._elsewhere(catalog.files, only=ref.name)).get(ref)
        if found:
            self._pages[ref] = found.web_url
        return found

    async def search(self, kind: str, text: str = "", *, limit: int = 100) -> tuple[Entity, ...]:
        found = [each for each in await self._all(kind) if contains(each, text)]
        return tuple(sorted(found, key=by_title)[:limit])

    async def find_users(self, *, slack_id: str, email: str) -> tuple[Entity, ...]:
        return known_as(await self._all("user"), slack_id=slack_id, email=email)

    async def members(self, group: EntityRef) -> tuple[Entity, ...]:
        users = await self._all("user")
        return tuple(sorted((each for each in users if group in each.groups), key=by_title))

    async def register(self, location: str, *, expects: EntityRef) -> None:
        project, branch, path = self._place(location)
        content = await self._file(project, branch, path)
        if content is None:
            raise PermanentError(f"There is no file at {location}.", "Commit it, then press Retry.")
        if expects not in _refs_in(content, location):
            raise PermanentError(f"{location} does not define {expects}.", _MEND)
        await self._refuse_second_definition(expects, location)
        if (project, branch) != (self._project, _BRANCH):
            await self._remember(location, expects)

    async def unregister(self, ref: EntityRef, *, within: str = "") -> None:
        """Take the entity's Location out of the catalog repository; an entity of that repository has none."""
        path = _location_path(ref)
        content = (await self._catalog()).files.get(path, b"")
        targets = _targets(content)
        if (
            targets
            and all(is_within(each, within) for each in targets)
            and (within or await self._brings_alone(ref, content))
        ):
            message = f"Unregister {ref.name}"
            await self._git.remove_files(self._project, [path], message=message, branch=_BRANCH)

    async def _brings_alone(self, ref: EntityRef, location: bytes) -> bool:
        """Whether nothing but the entity comes in by a Location; where its file is gone, nothing does."""
        files = {_location_path(ref): location}
        return (await self._elsewhere(files, only=ref.name)).keys() <= {ref}

    def page(self, ref: EntityRef) -> str:
        """The entity's file, where it was read once; else the place where the catalog keeps entities of its kind."""
        path = f"{ref.kind}s/{ref.name}.yaml" if ref.kind != "component" else _location_path(ref)
        return self._pages.get(ref) or self._page(self._project, _BRANCH, path)

    async def _remember(self, location: str, ref: EntityRef) -> None:
        document = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Location",
            "metadata": {"name": ref.name, "description": f"Where {ref} is described."},
            "spec": {"type": "url", "target": location},
        }
        # JSON is YAML too, and no text can break out of it.
        content = json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
        await self._git.ensure_files(
            self._project,
            {_location_path(ref): RenderedFile(content=content)},
            message=f"Register {ref.name}",
            branch=_BRANCH,
        )

    async def _refuse_second_definition(self, ref: EntityRef, location: str) -> None:
        known = await self.find(ref)
        if known and unquote(known.web_url) != unquote(location):
            raise PermanentError(
                f"The catalog has {ref} already, from {known.web_url}.",
                "Choose another name, or remove the other definition, then retry.",
            )

    async def _all(self, kind: str) -> list[Entity]:
        """All entities of a kind; only components live in repositories of their own."""
        catalog = await self._catalog()
        found = catalog.entities
        if kind == "component":
            found = {**await self._elsewhere(catalog.files), **found}
        return [each for each in found.values() if each.ref.kind == kind]

    async def _elsewhere(self, files: Mapping[str, bytes], only: str = "") -> Entities:
        """The entities of registered files, or of the one that is registered under a name."""
        paths = [f"{_LOCATIONS}/{only}.yaml"] if only else list(files)
        targets = [
            target
            for path in paths
            if path.startswith(f"{_LOCATIONS}/")
            for target in _targets(files.get(path, b""))
        ]
        found = await asyncio.gather(*(self._behind(target) for target in targets))
        return {ref: each for entities in found for ref, each in entities.items()}

    async def _behind(self, location: str) -> Entities:
        try:
            project, branch, path = self._place(location)
            content = await self._file(project, branch, path)
        except PermanentError:
            return {}
        return {} if content is None else self._entities(project, branch, {path: content})

    async def _file(self, project: str, branch: str, path: str) -> bytes | None:
        """One file; of other repositories nothing else is read, however much is in them."""
        if (project, branch) == (self._project, _BRANCH):
            return (await self._catalog()).files.get(path)
        return await self._git.read_file(project, path, ref=branch)

    async def _catalog(self) -> _Catalog:
        """The catalog's content; one question is enough to know that nothing changed since it was read."""
        head = await self._git.head(self._project, _BRANCH)
        if head is None:
            return _Catalog()
        if self._read.sha != head.sha:
            files = await self._git.read_files(self._project, ref=head.sha)
            entities = self._entities(self._project, _BRANCH, files)
            self._read = _Catalog(head.sha, files, entities)
        return self._read

    def _entities(self, project: str, branch: str, files: Mapping[str, bytes]) -> Entities:
        """What the files define; of two definitions the first one counts, and a broken file counts as none."""
        found: dict[EntityRef, Entity] = {}
        for path, content in sorted(files.items()):
            page = self._page(project, branch, path)
            for each in _entities_in(path, content, page):
                found.setdefault(each.ref, each)
        return found

    def _place(self, location: str) -> tuple[str, str, str]:
        """Project, branch and path of a file by its page's address."""
        project, blob, rest = urlsplit(location).path.lstrip("/").partition("/-/blob/")
        branch, _, path = rest.partition("/")
        if not (location.startswith(f"{self._url}/") and blob and path):
            raise PermanentError(
                f"{location} is not the page of a file on {self._url}.",
                "Set GITLAB_URL to the address at which GitLab shows its pages.",
            )
        return unquote(project), unquote(branch), unquote(path)

    def _page(self, project: str, branch: str, path: str) -> str:
        return f"{self._url}/{project}/-/blob/{branch}/{path}"


def _location_path(ref: EntityRef) -> str:
    return f"{_LOCATIONS}/{ref.name}.yaml"


def _is_entity_file(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _entities_in(path: str, content: bytes, page: str) -> Iterable[Entity]:
    if not _is_entity_file(path):
        return ()
    try:
        documents = parsed(content)
    except ValueError:
        return ()
    found = (entity_from_file(document, web_url=page, location=page) for document in documents)
    return [each for each in found if each]


def _refs_in(content: bytes, location: str) -> set[EntityRef | None]:
    try:
        return {ref_of(document) for document in parsed(content)}
    except ValueError as error:
        raise PermanentError(f"{location} is no entity file: {error}", _MEND) from error


def _targets(content: bytes) -> list[str]:
    """The addresses that a Location file leads to."""
    try:
        specs = [document.get("spec") for document in parsed(content)]
    except ValueError:
        return []
    found = [spec.get("target") for spec in specs if isinstance(spec, dict)]
    return [target for target in found if isinstance(target, str)]
