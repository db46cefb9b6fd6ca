"""Which images a project has: repositories, tags and what their manifests say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import ImageRepository, ImageTag, Project
from bot.sandbox.gitlab.registry.storage import Storage


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest, read far enough to be shown."""

    digest: str
    revision: str
    size: int
    media_type: str


def storage(forge: Forge) -> Storage:
    """Where the content lies."""
    return Storage(forge.root / "registry")


def project_of(forge: Forge, name: str) -> Project | None:
    """The project that an image name belongs to: the longest path that it starts with."""
    parts = name.split("/")
    for end in range(len(parts), 1, -1):
        found = forge.project_at("/".join(parts[:end]))
        if found is not None:
            return found
    return None


def repository(forge: Forge, project: Project, name: str) -> ImageRepository | None:
    """The image repository of a full name."""
    inside = inner_path(forge, project, name)
    return forge.store.image_repositories.first(
        lambda each: each.project_id == project.id and each.path == inside
    )


def inner_path(forge: Forge, project: Project, name: str) -> str:
    """What an image name has beyond its project's path."""
    return name[len(forge.full_path(project)) :].strip("/")


def full_name(forge: Forge, record: ImageRepository) -> str:
    """The image name without the host."""
    project = forge.store.projects[record.project_id]
    return f"{forge.full_path(project)}/{record.path}".strip("/").lower()


def set_tag(forge: Forge, project: Project, name: str, tag: str, digest: str) -> None:
    """Let a tag stand for a manifest, in a repository that is made on the first push."""
    store, now = forge.store, forge.now()
    with store.transaction():
        home = repository(forge, project, name) or store.image_repositories.add(
            lambda number: ImageRepository(
                id=number,
                project_id=project.id,
                path=inner_path(forge, project, name),
                created_at=now,
            )
        )
        old = store.image_tags.first(lambda t: t.repository_id == home.id and t.name == tag)
        number = old.id if old else None
        if number is not None:
            store.image_tags.change(number, digest=digest, created_at=now)
        else:
            store.image_tags.add(
                lambda n: ImageTag(
                    id=n, repository_id=home.id, name=tag, digest=digest, created_at=now
                )
            )


def tags(forge: Forge, repository_id: int) -> list[ImageTag]:
    """The tags of a repository."""
    return forge.store.image_tags.where(lambda each: each.repository_id == repository_id)


def described(file: Path, digest: str) -> Image:
    """What a manifest says of its image."""
    manifest: dict[str, Any] = json.loads(file.read_bytes())
    config: dict[str, Any] = manifest.get("config", {})
    layers: list[dict[str, Any]] = manifest.get("layers", [])
    return Image(
        digest=digest,
        revision=str(config.get("digest", digest)).removeprefix("sha256:"),
        size=int(config.get("size", 0)) + sum(int(layer.get("size", 0)) for layer in layers),
        media_type=str(manifest.get("mediaType", "application/vnd.oci.image.manifest.v1+json")),
    )
