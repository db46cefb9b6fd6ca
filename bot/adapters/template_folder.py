"""A folder of golden-path templates, one folder each."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import JsonValue

from bot.adapters import template_file
from bot.adapters.template_rendering import rendered
from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile
from bot.ports.template_library import Template

log = structlog.get_logger()

_LEFTOVERS = frozenset(
    {".git", ".DS_Store", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
)
Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A template and what its files looked like when it was read."""

    fingerprint: Fingerprint
    template: Template


class TemplateFolder:
    """Templates are read again when one of their files changed, and kept otherwise.

    One that cannot be read stands in the way of nobody but those who ask for it.

    Args:
        root: holds `<name>/template.yaml` for each template.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Path, _Read] = {}
        self._unreadable: dict[Path, PermanentError] = {}

    def list_templates(self, pipeline: str) -> tuple[Template, ...]:
        """Templates without `spec.idp` are Backstage's alone and are left out."""
        readable = map(self._readable, self._folders())
        found = [template for template in readable if template and template.pipeline == pipeline]
        return tuple(sorted(found, key=lambda template: (template.title.lower(), template.name)))

    def get(self, name: str) -> Template:
        folder = self._folder(name)
        template = self._template(folder)
        if template is None:
            raise PermanentError(
                f"The template “{name}” is for Backstage alone.",
                f"Add spec.idp to {folder / template_file.NAME}.",
            )
        return template

    def render(
        self, name: str, skeleton: str, values: Mapping[str, JsonValue]
    ) -> Mapping[str, RenderedFile]:
        place = self.get(name).skeletons.get(skeleton)
        folder = self._folder(name)
        if place is None:
            raise PermanentError(
                f"The template “{name}” has no skeleton “{skeleton}”.",
                f"Name it under spec.idp.skeletons in {folder / template_file.NAME}.",
            )
        return rendered(folder / place, list(_files(folder / place)), values)

    def _folders(self) -> list[Path]:
        if not self._root.is_dir():
            raise PermanentError(
                f"There is no folder of templates at {self._root}.",
                "Set IDP_TEMPLATES_DIR to the folder that holds them.",
            )
        return sorted(file.parent for file in self._root.glob(f"*/{template_file.NAME}"))

    def _folder(self, name: str) -> Path:
        folders = self._folders()
        for folder in folders:
            if (template := self._readable(folder)) and template.name == name:
                return folder
        for folder in folders:
            if name == self._known_as(folder):
                return folder
        raise PermanentError(
            f"There is no template “{name}” in {self._root}.",
            "Choose another template, or put this one back.",
        )

    def _known_as(self, folder: Path) -> str:
        """What a template is called that is for Backstage alone, or cannot be read any more."""
        known = self._read.get(folder)
        return known.template.name if known else folder.name

    def _readable(self, folder: Path) -> Template | None:
        """The folder's template; None when it is not for the bot, or cannot be read, which is logged once."""
        try:
            template = self._template(folder)
        except PermanentError as error:
            told = self._unreadable.get(folder)
            if not told or told.cause != error.cause:
                log.warning("template.skipped", folder=str(folder), cause=error.cause)
            self._unreadable[folder] = error
            return None
        self._unreadable.pop(folder, None)
        return template

    def _template(self, folder: Path) -> Template | None:
        """Read the template, unless it was read as it is now; None when it is not for the bot."""
        try:
            fingerprint = _fingerprint(folder)
            known = self._read.get(folder)
            if known and known.fingerprint == fingerprint:
                return known.template
            template = template_file.read(folder, digest=_digest(folder))
        except OSError as error:
            raise PermanentError(
                f"{folder} cannot be read: {error}.", "Let the bot read it."
            ) from error
        if template:
            self._read[folder] = _Read(fingerprint, template)
        return template


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder; a link could lead out of it.

    Raises:
        PermanentError: there is a symbolic link.
    """
    for path in sorted(folder.iterdir()):
        if path.name in _LEFTOVERS:
            continue
        if path.is_symlink():
            raise PermanentError(
                f"{path} is a symbolic link, which a template may not hold.",
                "Replace it by the file that it points to.",
            )
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _fingerprint(folder: Path) -> Fingerprint:
    stats = ((str(path), path.stat()) for path in _files(folder))
    return tuple((path, stat.st_mtime_ns, stat.st_size, stat.st_mode) for path, stat in stats)


def _digest(folder: Path) -> str:
    """Of paths, executable bits and contents: the same wherever the folder lies."""
    digest = hashlib.sha256()
    for path in _files(folder):
        content = path.read_bytes()
        is_executable = bool(path.stat().st_mode & 0o100)
        place = path.relative_to(folder).as_posix()
        digest.update(f"{place}\0{is_executable}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
