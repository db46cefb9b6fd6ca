"""Members of groups and projects."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, errors
from bot.sandbox.gitlab.api.call import Call, Handler, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import people
from bot.sandbox.gitlab.model import Level, Member, Namespace, User

_ROLES = tuple(int(each) for each in Level if Level.MINIMAL <= each <= Level.OWNER)


def _source(call: Call, kind: str, minimum: Level = Level.NONE) -> tuple[str, int]:
    found = call.group(minimum) if kind == "group" else call.project(minimum)
    return kind, found.id


def _of(call: Call, source: tuple[str, int]) -> list[Member]:
    return call.forge.store.members.where(lambda each: (each.source, each.source_id) == source)


def _inherited(call: Call, source: tuple[str, int]) -> list[Member]:
    """Everybody with a role here, once each with the highest one."""
    kind, number = source
    space: Namespace = (
        call.forge.store.namespaces[number]
        if kind == "group"
        else call.forge.namespace_of(call.forge.store.projects[number])
    )
    found = _of(call, source)
    for group in call.forge.ancestors(space):
        found += _of(call, ("group", group.id))
    best: dict[int, Member] = {}
    for member in sorted(found, key=lambda each: each.access_level):
        best[member.user_id] = member
    return list(best.values())


def _found(call: Call, kind: str, *, deep: bool) -> list[Member]:
    source = _source(call, kind)
    members = _inherited(call, source) if deep else _of(call, source)
    query = (call.params.text("query") or "").lower()
    users = call.forge.store.users
    return [each for each in members if query in users[each.user_id].name.lower()]


def _listing(kind: str, *, deep: bool) -> Handler:
    async def list_members(call: Call) -> Response:
        members = _found(call, kind, deep=deep)
        return paged(call, members, lambda each: people.member(call.forge, each))

    return list_members


def _getting(kind: str, *, deep: bool) -> Handler:
    async def get_member(call: Call) -> Response:
        return answer(people.member(call.forge, _one(call, _found(call, kind, deep=deep))))

    return get_member


def _one(call: Call, members: list[Member]) -> Member:
    wanted = call.number("user_id")
    for member in members:
        if member.user_id == wanted:
            return member
    raise errors.not_found("Member")


def _needed(kind: str) -> Level:
    return Level.OWNER if kind == "group" else Level.MAINTAINER


def _adding(kind: str) -> Handler:
    async def add_member(call: Call) -> Response:
        source = _source(call, kind, _needed(kind))
        level = _level(call)
        user = _user(call)
        if any(each.user_id == user.id for each in _of(call, source)):
            raise errors.conflict("Member already exists")
        member = call.forge.store.members.add(
            lambda number: Member.model_validate(
                {
                    "id": number,
                    "source": source[0],
                    "source_id": source[1],
                    "user_id": user.id,
                    "access_level": level,
                    "created_at": call.forge.now(),
                    "created_by_id": call.user.id,
                    "expires_at": call.params.day("expires_at"),
                }
            )
        )
        return answer(people.member(call.forge, member), 201)

    return add_member


def _level(call: Call) -> Level:
    call.params.need("access_level")
    level = call.params.integer("access_level")
    if level not in _ROLES:
        raise errors.bad_parameter("access_level does not have a valid value")
    return Level(level)


def _user(call: Call) -> User:
    number, name = call.params.integer("user_id"), call.params.text("username")
    if number is None and name is None:
        raise errors.bad_parameter(
            "user_id, username are missing, exactly one parameter must be provided"
        )
    store = call.forge.store
    user = store.users.get(number) if number is not None else call.forge.user_named(name or "")
    if user is None:
        raise errors.not_found("User")
    return user


def _editing(kind: str) -> Handler:
    async def edit_member(call: Call) -> Response:
        member = _one(call, _of(call, _source(call, kind, _needed(kind))))
        update: dict[str, Any] = {"access_level": _level(call)}
        if "expires_at" in call.params:
            update["expires_at"] = call.params.day("expires_at")
        changed = call.forge.store.members.change(member.id, **update)
        return answer(people.member(call.forge, changed))

    return edit_member


def _removing(kind: str) -> Handler:
    async def remove_member(call: Call) -> Response:
        source = _source(call, kind)
        member = _one(call, _of(call, source))
        if member.user_id != call.user.id and _own_level(call, source) < _needed(kind):
            raise errors.forbidden()
        call.forge.store.members.remove(member.id)
        return nothing()

    return remove_member


def _own_level(call: Call, source: tuple[str, int]) -> Level:
    kind, number = source
    store = call.forge.store
    if kind == "group":
        return access.level_in_group(call.forge, call.caller, store.namespaces[number])
    return access.level_in_project(call.forge, call.caller, store.projects[number])


ROUTES = tuple(
    route
    for kind in ("group", "project")
    for route in (
        Route("GET", f"/{kind}s/{{id}}/members", _listing(kind, deep=False)),
        Route("GET", f"/{kind}s/{{id}}/members/all", _listing(kind, deep=True)),
        Route("POST", f"/{kind}s/{{id}}/members", _adding(kind)),
        Route("GET", f"/{kind}s/{{id}}/members/{{user_id}}", _getting(kind, deep=False)),
        Route("GET", f"/{kind}s/{{id}}/members/all/{{user_id}}", _getting(kind, deep=True)),
        Route("PUT", f"/{kind}s/{{id}}/members/{{user_id}}", _editing(kind)),
        Route("DELETE", f"/{kind}s/{{id}}/members/{{user_id}}", _removing(kind)),
    )
)
