"""Pages about merge requests and images."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import freshness
from bot.sandbox.gitlab import merge_requests as life
from bot.sandbox.gitlab.entities.requests import notes_of
from bot.sandbox.gitlab.git import diffs
from bot.sandbox.gitlab.model import ImageRepository, MergeRequest, Project
from bot.sandbox.gitlab.pages import patches, rendering
from bot.sandbox.gitlab.pages.site import NoSuchPage, Site
from bot.sandbox.gitlab.registry import images


async def merge_requests(site: Site, project: Project, text: str) -> Response:
    """All merge requests, or the one that is named."""
    found = site.forge.store.merge_requests.where(lambda each: each.project_id == project.id)
    if text:
        for request in found:
            if str(request.iid) == text.partition("/")[0]:
                return await _merge_request(site, project, request)
        raise NoSuchPage
    users = site.forge.store.users
    shown = [{"request": each, "author": users[each.author_id]} for each in found[::-1]]
    return site.project_page(
        "merge_requests.html", project, "merge_requests", "Merge requests", found=shown
    )


async def _merge_request(site: Site, project: Project, known: MergeRequest) -> Response:
    request = await freshness.refreshed(site.forge, known)
    changed = await site.forge.git(diffs.compare, project, request.target_sha, request.sha)
    users = site.forge.store.users
    return site.project_page(
        "merge_request.html",
        project,
        "merge_requests",
        f"!{request.iid}",
        request=request,
        author=users[request.author_id],
        description=rendering.markdown(request.description or ""),
        pipeline=life.head_pipeline(site.forge, request),
        detailed=life.detailed_status(site.forge, request),
        notes=[
            {
                "author": users[note.author_id],
                "created_at": note.created_at,
                "body": rendering.markdown(note.body),
            }
            for note in notes_of(site.forge, request)
        ],
        commits=changed.commits[::-1],
        files=patches.readable(changed.files),
    )


async def registry(site: Site, project: Project, _: str) -> Response:
    """The project's images."""
    found = site.forge.store.image_repositories.where(lambda each: each.project_id == project.id)
    shown = [_images(site, each) for each in found]
    return site.project_page(
        "registry.html", project, "registry", "Container registry", found=shown
    )


def _images(site: Site, repository: ImageRepository) -> dict[str, Any]:
    forge = site.forge
    tags = [
        tag.model_dump() | {"size": images.described(file, tag.digest).size}
        for tag in images.tags(forge, repository.id)
        if (file := images.storage(forge).blob(tag.digest)) is not None
    ]
    location = f"{forge.registry_host}/{images.full_name(forge, repository)}"
    return {"location": location, "tags": tags[::-1]}
