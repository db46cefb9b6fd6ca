"""Filter and sort lists of projects by what the query asks for."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.api.call import Call
from bot.sandbox.gitlab.model import Level, Project

_ORDERS: dict[str, Callable[[Project], Any]] = {
    "id": lambda project: project.id,
    "name": lambda project: project.name.lower(),
    "path": lambda project: project.path.lower(),
    "created_at": lambda project: project.created_at,
    "updated_at": lambda project: project.last_activity_at,
    "last_activity_at": lambda project: project.last_activity_at,
}


def projects(call: Call, found: list[Project]) -> list[Project]:
    """The projects that the query wants, in its order (the newest first)."""
    wanted = [project for project in found if _is_wanted(call, project)]
    order = call.params.choice("order_by", (*_ORDERS, "similarity", "star_count"))
    descending = call.params.choice("sort", ("asc", "desc")) != "asc"
    key = _ORDERS.get(order or "", _ORDERS["created_at"])
    return sorted(wanted, key=lambda each: (key(each), each.id), reverse=descending)


def _is_wanted(call: Call, project: Project) -> bool:
    params = call.params
    search = (params.text("search") or "").lower()
    haystack = [project.name.lower(), project.path.lower()]
    if params.flag("search_namespaces"):
        haystack.append(call.forge.full_path(project).lower())
    topics = params.texts("topic") or ()
    checks = (
        any(search in straw for straw in haystack),
        "archived" not in params or project.archived is params.flag("archived"),
        "visibility" not in params or project.visibility == params.text("visibility"),
        set(topics) <= set(project.topics),
        _level(call, project) >= _wanted_level(call),
    )
    return all(checks)


def _wanted_level(call: Call) -> int:
    if call.params.flag("owned"):
        return Level.OWNER
    member = Level.GUEST if call.params.flag("membership") else Level.NONE
    return max(member, call.params.integer("min_access_level") or 0)


def _level(call: Call, project: Project) -> Level:
    return access.level_in_project(call.forge, call.caller, project)
