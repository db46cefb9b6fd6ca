"""CI/CD variables of projects and groups."""

import re
from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, Handler, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.model import Level, Variable

_KEY = re.compile(r"[A-Za-z0-9_]{1,255}")
_SHORTEST_MASKED = 8


def _shown(variable: Variable) -> dict[str, Any]:
    return {
        "variable_type": variable.variable_type,
        "key": variable.key,
        "value": None if variable.hidden else variable.value,
        "hidden": variable.hidden,
        "protected": variable.protected,
        "masked": variable.masked,
        "raw": variable.raw,
        "environment_scope": variable.environment_scope,
        "description": variable.description,
    }


def _of(call: Call, kind: str) -> tuple[tuple[str, int], list[Variable]]:
    """Variables are for maintainers of a project and owners of a group."""
    owner = call.group(Level.OWNER) if kind == "group" else call.project(Level.MAINTAINER)
    source = (kind, owner.id)
    return source, call.forge.store.variables.where(lambda v: (v.source, v.source_id) == source)


def _one(call: Call, kind: str) -> Variable:
    _, variables = _of(call, kind)
    key, scope = call.part("key"), _wanted_scope(call)
    found = [
        each
        for each in variables
        if each.key == key and (scope is None or each.environment_scope == scope)
    ]
    if not found:
        raise errors.not_found("Variable")
    if len(found) > 1:
        raise errors.conflict(
            "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
        )
    return found[0]


def _wanted_scope(call: Call) -> str | None:
    wanted = call.params.raw("filter")
    return wanted.get("environment_scope") if isinstance(wanted, dict) else None


def _listing(kind: str) -> Handler:
    async def list_variables(call: Call) -> Response:
        return paged(call, _of(call, kind)[1], _shown)

    return list_variables


def _getting(kind: str) -> Handler:
    async def get_variable(call: Call) -> Response:
        return answer(_shown(_one(call, kind)))

    return get_variable


def _creating(kind: str) -> Handler:
    async def create_variable(call: Call) -> Response:
        source, others = _of(call, kind)
        call.params.need("key", "value")
        fields = _fields(call)
        hidden = call.params.flag("masked_and_hidden")
        if hidden:
            fields |= {"masked": True, "hidden": True}
        scope = fields.get("environment_scope", "*")
        draft = Variable.model_validate(
            {"id": 0, "source": source[0], "source_id": source[1]} | fields
        )
        _check(draft)
        if any(v.key == draft.key and v.environment_scope == scope for v in others):
            raise errors.invalid(key=[f"({draft.key}) has already been taken"])
        made = call.forge.store.variables.add(
            lambda number: draft.model_copy(update={"id": number})
        )
        call.forge.store.count_creation("variables", f"{call.part('id')}:{draft.key}")
        return answer(_shown(made), 201)

    return create_variable


def _fields(call: Call) -> dict[str, Any]:
    params = call.params
    fields: dict[str, Any] = {}
    for name in ("key", "value", "environment_scope", "description"):
        if name in params:
            fields[name] = params.text(name)
    for name in ("protected", "masked", "raw"):
        if name in params:
            fields[name] = params.flag(name)
    if "variable_type" in params:
        fields["variable_type"] = params.choice("variable_type", ("env_var", "file"))
    return fields


def _check(variable: Variable) -> None:
    if not _KEY.fullmatch(variable.key):
        raise errors.invalid(key=["can contain only letters, digits and '_'."])
    if not variable.masked:
        return
    if len(variable.value) < _SHORTEST_MASKED or re.search(r"\s", variable.value):
        raise errors.invalid(value=["is invalid"])


def _editing(kind: str) -> Handler:
    async def edit_variable(call: Call) -> Response:
        variable = _one(call, kind)
        fields = _fields(call)
        fields.pop("key", None)
        changed = variable.model_copy(update=fields)
        _check(changed)
        return answer(_shown(call.forge.store.variables.put(changed)))

    return edit_variable


def _removing(kind: str) -> Handler:
    async def remove_variable(call: Call) -> Response:
        call.forge.store.variables.remove(_one(call, kind).id)
        return nothing()

    return remove_variable


ROUTES = tuple(
    route
    for kind in ("group", "project")
    for route in (
        Route("GET", f"/{kind}s/{{id}}/variables", _listing(kind)),
        Route("POST", f"/{kind}s/{{id}}/variables", _creating(kind)),
        Route("GET", f"/{kind}s/{{id}}/variables/{{key}}", _getting(kind)),
        Route("PUT", f"/{kind}s/{{id}}/variables/{{key}}", _editing(kind)),
        Route("DELETE", f"/{kind}s/{{id}}/variables/{{key}}", _removing(kind)),
    )
)
