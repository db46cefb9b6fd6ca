"""Which branches are protected, and from whom."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.params import Params
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import code
from bot.sandbox.gitlab.model import Level, Project, ProtectedBranch

_LEVELS = (Level.NONE, Level.DEVELOPER, Level.MAINTAINER, Level.ADMIN)


def _of(call: Call, project: Project) -> list[ProtectedBranch]:
    return call.forge.store.protected_branches.where(lambda each: each.project_id == project.id)


def _one(call: Call, project: Project) -> ProtectedBranch:
    wanted = call.part("name")
    for rule in _of(call, project):
        if rule.name == wanted:
            return rule
    raise errors.not_found()


async def list_rules(call: Call) -> Response:
    """All protected names and wildcards."""
    project = call.project(Level.DEVELOPER)
    search = call.params.text("search") or ""
    found = [rule for rule in _of(call, project) if search in rule.name]
    return paged(call, found, code.protected_branch)


async def get_rule(call: Call) -> Response:
    """One protected name."""
    return answer(code.protected_branch(_one(call, call.project(Level.DEVELOPER))))


async def create_rule(call: Call) -> Response:
    """Protect a name or wildcard."""
    project = call.project(Level.MAINTAINER)
    name = call.params.needed_text("name")
    if any(rule.name == name for rule in _of(call, project)):
        raise errors.conflict(f"Protected branch '{name}' already exists")
    fields = _fields(call.params)
    for kind in ("push", "merge", "unprotect"):
        level = _level(call.params, f"{kind}_access_level")
        if level is not None:
            fields[f"{kind}_level"] = level
    made = call.forge.store.protected_branches.add(
        lambda number: ProtectedBranch.model_validate(
            {"id": number, "project_id": project.id, "name": name} | fields
        )
    )
    return answer(code.protected_branch(made), 201)


def _fields(params: Params) -> dict[str, Any]:
    """What can be set on creation and afterwards alike."""
    fields: dict[str, Any] = {}
    for name in ("allow_force_push", "code_owner_approval_required"):
        if name in params:
            fields[name] = params.flag(name)
    for kind in ("push", "merge"):
        allowed = params.records(f"allowed_to_{kind}")
        if allowed is None:
            continue
        levels = [level for each in allowed if (level := _level(each, "access_level")) is not None]
        users = [user for each in allowed if (user := each.integer("user_id")) is not None]
        fields[f"{kind}_level"] = min(levels, default=Level.NONE)
        fields[f"{kind}_user_ids"] = tuple(users)
    return fields


def _level(params: Params, name: str) -> Level | None:
    level = params.integer(name)
    if level is not None and level not in _LEVELS:
        raise errors.bad_parameter(f"{name} does not have a valid value")
    return None if level is None else Level(level)


async def edit_rule(call: Call) -> Response:
    """Change a rule; the plain access levels are for creation only."""
    rule = _one(call, call.project(Level.MAINTAINER))
    changed = call.forge.store.protected_branches.change(rule.id, **_fields(call.params))
    return answer(code.protected_branch(changed))


async def delete_rule(call: Call) -> Response:
    """Let everybody who may push do so again."""
    rule = _one(call, call.project(Level.MAINTAINER))
    call.forge.store.protected_branches.remove(rule.id)
    return nothing()


ROUTES = (
    Route("GET", "/projects/{id}/protected_branches", list_rules),
    Route("POST", "/projects/{id}/protected_branches", create_rule),
    Route("GET", "/projects/{id}/protected_branches/{name}", get_rule),
    Route("PATCH", "/projects/{id}/protected_branches/{name}", edit_rule),
    Route("DELETE", "/projects/{id}/protected_branches/{name}", delete_rule),
)
