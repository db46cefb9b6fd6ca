"""Groups, subgroups and namespaces."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, errors, naming, removal
from bot.sandbox.gitlab.api import ordering
from bot.sandbox.gitlab.api.call import Call, accepted, answer
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.projects import presenter
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import spaces
from bot.sandbox.gitlab.model import Level, Member, Namespace, Project, Visibility

_CREATION_LEVELS = ("noone", "owner", "maintainer", "developer", "administrator")


async def list_groups(call: Call) -> Response:
    """The groups that the caller may see."""
    top_only, owned = call.params.flag("top_level_only"), call.params.flag("owned")
    found = [
        group
        for group in _visible(call)
        if (not top_only or group.parent_id is None)
        and (not owned or access.level_in_group(call.forge, call.caller, group) >= Level.OWNER)
    ]
    return paged(call, _searched(call, found), lambda each: spaces.group(call.forge, each))


def _visible(call: Call) -> list[Namespace]:
    return [
        group
        for group in call.forge.store.namespaces.where(lambda each: each.kind == "group")
        if access.may_see_group(call.forge, call.caller, group)
    ]


def _searched(call: Call, groups: list[Namespace]) -> list[Namespace]:
    wanted = (call.params.text("search") or "").lower()
    found = [each for each in groups if wanted in each.name.lower() or wanted in each.full_path]
    return sorted(found, key=lambda each: each.name.lower())


async def get_group(call: Call) -> Response:
    """One group, with its projects unless they are not wanted."""
    group = call.group()
    shown = spaces.group(call.forge, group) | {
        "shared_with_groups": [],
        "prevent_sharing_groups_outside_hierarchy": False,
        "runners_token": None,
    }
    if call.params.flag("with_projects", default=True):
        inside = _projects(call, {group.id})
        shown |= {
            "projects": [spaces.project(call.forge, each) for each in inside],
            "shared_projects": [],
        }
    return answer(shown)


async def list_subgroups(call: Call) -> Response:
    """The groups right inside a group."""
    parent = call.group()
    found = [each for each in _visible(call) if each.parent_id == parent.id]
    return paged(call, _searched(call, found), lambda each: spaces.group(call.forge, each))


async def list_descendants(call: Call) -> Response:
    """The groups anywhere inside a group."""
    parent = call.group()
    inside = f"{parent.full_path}/"
    found = [each for each in _visible(call) if each.full_path.startswith(inside)]
    return paged(call, _searched(call, found), lambda each: spaces.group(call.forge, each))


async def list_projects(call: Call) -> Response:
    """The projects of a group, with those of its subgroups where that is asked for."""
    group = call.group()
    deep = call.params.flag("include_subgroups")
    sources = {each.id for each in call.forge.descendants(group)} if deep else {group.id}
    found = ordering.projects(call, _projects(call, sources))
    present = presenter(call)
    return paged(call, found, lambda each: present(call.forge, each))


def _projects(call: Call, namespace_ids: set[int]) -> list[Project]:
    return [
        each
        for each in call.forge.store.projects.where(lambda p: p.namespace_id in namespace_ids)
        if access.may_see_project(call.forge, call.caller, each)
    ]


async def create_group(call: Call) -> Response:
    """Make a group; its maker owns it."""
    call.params.need("name", "path")
    name, path = call.params.needed_text("name"), call.params.needed_text("path")
    parent = _parent(call)
    naming.check_group(name, path, is_top=parent is None)
    visibility = _visibility(call, parent)
    _check_free(call, parent, path)
    forge = call.forge
    with forge.store.transaction():
        group = forge.store.namespaces.add(
            lambda number: Namespace(
                id=number,
                kind="group",
                name=name,
                path=path,
                full_path=f"{parent.full_path}/{path}" if parent else path,
                full_name=f"{parent.full_name} / {name}" if parent else name,
                created_at=forge.now(),
                parent_id=parent.id if parent else None,
                visibility=visibility,
                **_settings(call),
            )
        )
        forge.store.members.add(
            lambda number: Member(
                id=number,
                source="group",
                source_id=group.id,
                user_id=call.user.id,
                access_level=Level.OWNER,
                created_at=forge.now(),
            )
        )
        forge.store.count_creation("groups", group.full_path)
    return answer(spaces.group(forge, group), 201)


def _settings(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("description", "default_branch"):
        if name in call.params:
            found[name] = call.params.text(name)
    for name in ("project_creation_level", "subgroup_creation_level"):
        if name in call.params:
            found[name] = call.params.choice(name, _CREATION_LEVELS)
    return found


def _parent(call: Call) -> Namespace | None:
    number = call.params.integer("parent_id")
    if number is None:
        return None
    parent = call.forge.store.namespaces.get(number)
    if parent is None or not access.may_see_group(call.forge, call.caller, parent):
        raise errors.not_found("Group")
    needed = Level.OWNER if parent.subgroup_creation_level == "owner" else Level.MAINTAINER
    if access.level_in_group(call.forge, call.caller, parent) < needed:
        raise errors.forbidden()
    return parent


def _visibility(call: Call, parent: Namespace | None) -> Visibility:
    word = call.params.choice("visibility", [str(each) for each in Visibility])
    visibility = Visibility(word) if word else Visibility.PRIVATE
    if parent is not None and visibility not in spaces.allowed_visibilities(parent):
        raise errors.invalid(
            visibility_level=[
                f"{visibility} is not allowed since the parent group has a {parent.visibility} visibility."
            ]
        )
    return visibility


def _check_free(call: Call, parent: Namespace | None, path: str) -> None:
    full = f"{parent.full_path}/{path}" if parent else path
    if call.forge.namespace_at(full) or call.forge.project_at(full):
        raise naming.group_refused({"path": ["has already been taken"]})


async def edit_group(call: Call) -> Response:
    """Change a group's settings; its path stays."""
    group = call.group(Level.OWNER)
    changes: dict[str, Any] = _settings(call)
    if "name" in call.params:
        changes["name"] = call.params.needed_text("name")
    if "visibility" in call.params:
        parent = call.forge.store.namespaces.get(group.parent_id)
        changes["visibility"] = _visibility(call, parent)
    changed = call.forge.store.namespaces.change(group.id, **changes)
    return answer(spaces.group(call.forge, changed))


async def delete_group(call: Call) -> Response:
    """Delete a group with all that is in it."""
    await removal.remove_group(call.forge, call.group(Level.OWNER))
    return accepted()


async def list_namespaces(call: Call) -> Response:
    """Where the caller may create projects."""
    user = call.user
    found = _visible(call) + call.forge.store.namespaces.where(
        lambda each: each.kind == "user" and each.owner_id == user.id
    )
    shown = _searched(call, found)
    return paged(call, shown, lambda each: spaces.namespace(call.forge, each))


async def get_namespace(call: Call) -> Response:
    """A group or personal namespace, by id or path."""
    key = call.part("id")
    namespaces = call.forge.store.namespaces
    found = namespaces.get(int(key)) if key.isdecimal() else call.forge.namespace_at(key)
    if found is None or not access.may_see_group(call.forge, call.caller, found):
        raise errors.not_found("Namespace")
    return answer(spaces.namespace(call.forge, found))


ROUTES = (
    Route("GET", "/groups", list_groups),
    Route("POST", "/groups", create_group),
    Route("GET", "/groups/{id}", get_group),
    Route("PUT", "/groups/{id}", edit_group),
    Route("DELETE", "/groups/{id}", delete_group),
    Route("GET", "/groups/{id}/subgroups", list_subgroups),
    Route("GET", "/groups/{id}/descendant_groups", list_descendants),
    Route("GET", "/groups/{id}/projects", list_projects),
    Route("GET", "/namespaces", list_namespaces),
    Route("GET", "/namespaces/{id}", get_namespace),
)
