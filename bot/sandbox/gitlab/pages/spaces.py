"""Pages about where projects live: everything, a group, a person."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab.model import Namespace, Project
from bot.sandbox.gitlab.pages.site import Site


def overview(site: Site, active: str) -> Response:
    """All projects, or all groups."""
    forge = site.forge
    groups = forge.store.namespaces.where(lambda each: each.kind == "group")
    return site.page(
        "overview.html",
        active=active,
        groups=sorted(groups, key=lambda each: each.full_path) if active == "groups" else [],
        projects=_rows(site, forge.store.projects.where()) if active == "projects" else [],
    )


def group(site: Site, space: Namespace) -> Response:
    """A group or a person, with what is right inside."""
    store = site.forge.store
    inside = store.namespaces.where(lambda each: each.parent_id == space.id)
    projects = store.projects.where(lambda each: each.namespace_id == space.id)
    members = store.members.where(lambda m: m.source == "group" and m.source_id == space.id)
    people = [(store.users[each.user_id], each.access_level) for each in members]
    return site.page(
        "group.html",
        active="groups",
        group=space,
        trail=list(reversed(site.forge.ancestors(space)))[:-1],
        groups=sorted(inside, key=lambda each: each.name),
        projects=_rows(site, projects),
        members=[
            {"name": user.name, "username": user.username, "role": level.name.capitalize()}
            for user, level in people
        ],
    )


def _rows(site: Site, projects: list[Project]) -> list[dict[str, Any]]:
    latest_first = sorted(projects, key=lambda each: each.last_activity_at, reverse=True)
    return [_row(site, each) for each in latest_first]


def _row(site: Site, project: Project) -> dict[str, Any]:
    tip = project.refs.get(f"refs/heads/{project.default_branch}", "")
    return project.model_dump() | {
        "space": site.forge.namespace_of(project).full_name,
        "path": site.forge.full_path(project),
        "pipeline": site.latest_pipeline(project, tip),
    }
