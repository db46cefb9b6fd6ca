"""The images of a project."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities.times import iso
from bot.sandbox.gitlab.model import ImageRepository, ImageTag, Level
from bot.sandbox.gitlab.registry import images


def _tag(call: Call, repository: ImageRepository, tag: ImageTag) -> dict[str, Any]:
    path = f"{images.full_name(call.forge, repository)}:{tag.name}"
    return {"name": tag.name, "path": path, "location": f"{call.forge.registry_host}/{path}"}


def _repository(call: Call, record: ImageRepository) -> dict[str, Any]:
    path = images.full_name(call.forge, record)
    shown: dict[str, Any] = {
        "id": record.id,
        "name": record.path,
        "path": path,
        "project_id": record.project_id,
        "location": f"{call.forge.registry_host}/{path}",
        "created_at": iso(record.created_at),
        "cleanup_policy_started_at": None,
        "status": None,
    }
    tags = images.tags(call.forge, record.id)
    if call.params.flag("tags_count"):
        shown["tags_count"] = len(tags)
    if call.params.flag("tags"):
        shown["tags"] = [_tag(call, record, each) for each in tags]
    return shown


async def list_repositories(call: Call) -> Response:
    """The project's image repositories."""
    project = call.code()
    found = call.forge.store.image_repositories.where(lambda each: each.project_id == project.id)
    return paged(call, found, lambda each: _repository(call, each))


def _one(call: Call, minimum: Level = Level.NONE) -> ImageRepository:
    project = call.project(minimum)
    call.code()
    found = call.forge.store.image_repositories.get(call.number("repository_id"))
    if found is None or found.project_id != project.id:
        raise errors.not_found()
    return found


async def list_tags(call: Call) -> Response:
    """The tags of an image repository."""
    repository = _one(call)
    found = images.tags(call.forge, repository.id)
    return paged(call, found, lambda each: _tag(call, repository, each))


async def get_tag(call: Call) -> Response:
    """One tag, with what its manifest says."""
    repository = _one(call)
    wanted = call.part("tag_name")
    for tag in images.tags(call.forge, repository.id):
        file = images.storage(call.forge).blob(tag.digest)
        if tag.name == wanted and file is not None:
            image = images.described(file, tag.digest)
            return answer(
                _tag(call, repository, tag)
                | {
                    "revision": image.revision,
                    "short_revision": image.revision[:9],
                    "digest": image.digest,
                    "created_at": iso(tag.created_at),
                    "total_size": image.size,
                }
            )
    raise errors.not_found("Tag")


async def delete_tag(call: Call) -> Response:
    """Take a name off an image; its content stays."""
    repository = _one(call, Level.DEVELOPER)
    wanted = call.part("tag_name")
    for tag in images.tags(call.forge, repository.id):
        if tag.name == wanted:
            call.forge.store.image_tags.remove(tag.id)
            return nothing()
    raise errors.not_found("Tag")


async def delete_repository(call: Call) -> Response:
    """Delete an image repository with its tags."""
    repository = _one(call, Level.MAINTAINER)
    with call.forge.store.transaction():
        call.forge.store.image_tags.remove_where(lambda t: t.repository_id == repository.id)
        call.forge.store.image_repositories.remove(repository.id)
    return nothing()


_BASE = "/projects/{id}/registry/repositories"
_ONE = f"{_BASE}/{{repository_id}}"
ROUTES = (
    Route("GET", _BASE, list_repositories, "read_registry"),
    Route("DELETE", _ONE, delete_repository),
    Route("GET", f"{_ONE}/tags", list_tags, "read_registry"),
    Route("GET", f"{_ONE}/tags/{{tag_name}}", get_tag, "read_registry"),
    Route("DELETE", f"{_ONE}/tags/{{tag_name}}", delete_tag),
)
