"""A folder of golden-path templates, one folder each."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from bot.adapters import template_file
from bot.adapters.template_rendering import rendered
from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile
from bot.ports.template_library import Template

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

    Args:
        root: holds `<name>/template.yaml` for each template.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Path, _Read] = {}

    def list_templates(self, pipeline: str) -> tuple[Template, ...]:
        """Templates without `spec.idp` are Backstage's alone and are left out."""
        found = [t for t in map(self._template, self._folders()) if t and t.pipeline == pipeline]
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
        for folder in self._folders():
            template = self._template(folder)
            if name == (template.name if template else folder.name):
                return folder
        raise PermanentError(
            f"There is no template “{name}” in {self._root}.",
            "Choose another template, or put this one back.",
        )

    def _template(self, folder: Path) -> Template | None:
        """Read the template, unless it was read as it is now; None when it is not for the bot."""
        fingerprint = _fingerprint(folder)
        known = self._read.get(folder)
        if known and known.fingerprint == fingerprint:
            return known.template
        template = template_file.read(folder, digest=_digest(folder))
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
