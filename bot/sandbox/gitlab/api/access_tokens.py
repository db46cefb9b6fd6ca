"""Access tokens of a project; each secret is shown once."""

import secrets
from datetime import date

from starlette.responses import Response

from bot.sandbox.gitlab import access, errors, tokens
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import people
from bot.sandbox.gitlab.model import Level, Member, Project, Token, User

_LEVELS = (
    Level.GUEST,
    Level.PLANNER,
    Level.REPORTER,
    Level.DEVELOPER,
    Level.MAINTAINER,
    Level.OWNER,
)
_PROJECT_SCOPES = frozenset(tokens.SCOPES) - {"sudo", "admin_mode", "read_user"}


def _of(call: Call, project: Project) -> list[Token]:
    return call.forge.store.tokens.where(
        lambda each: each.kind == "project" and each.project_id == project.id
    )


def _one(call: Call, project: Project) -> Token:
    wanted = call.number("token_id")
    for token in _of(call, project):
        if token.id == wanted:
            return token
    raise errors.not_found("Could not find token")


async def list_access_tokens(call: Call) -> Response:
    """The project's access tokens, without their secrets."""
    project, now = call.project(Level.MAINTAINER), call.forge.now()
    found = _of(call, project)
    state = call.params.choice("state", ("active", "inactive"))
    if state is not None:
        is_wanted = state == "active"
        found = [each for each in found if _is_active(call, each) is is_wanted]
    return paged(call, found, lambda each: people.project_token(each, now))


def _is_active(call: Call, token: Token) -> bool:
    return not token.revoked and not access.is_over(token, call.forge.now().date())


async def get_access_token(call: Call) -> Response:
    """One access token, without its secret."""
    token = _one(call, call.project(Level.MAINTAINER))
    return answer(people.project_token(token, call.forge.now()))


async def create_access_token(call: Call) -> Response:
    """Make a token, and the bot user that it acts as."""
    project, now = call.project(Level.MAINTAINER), call.forge.now()
    call.params.need("name", "scopes")
    level = _wanted_level(call, project)
    scopes = call.params.texts("scopes") or ()
    if not scopes or not set(scopes) <= _PROJECT_SCOPES:
        raise errors.bad_parameter("scopes does not have a valid value")
    expiry = _expiry(call)
    secret, kept = tokens.minted("project")
    with call.forge.store.transaction():
        bot = _bot_user(call, project, level)
        token = call.forge.store.tokens.add(
            lambda number: Token(
                id=number,
                kind="project",
                name=call.params.needed_text("name"),
                digest=kept,
                scopes=scopes,
                created_at=now,
                user_id=bot.id,
                project_id=project.id,
                access_level=level,
                description=call.params.text("description"),
                expires_at=expiry,
            )
        )
        path = call.forge.full_path(project)
        call.forge.store.count_creation("access_tokens", f"{path}:{token.name}")
    return answer(people.project_token(token, now) | {"token": secret}, 201)


def _wanted_level(call: Call, project: Project) -> Level:
    level = call.params.integer("access_level")
    if level is not None and level not in _LEVELS:
        raise errors.bad_parameter("access_level does not have a valid value")
    wanted = Level.MAINTAINER if level is None else Level(level)
    if wanted > access.level_in_project(call.forge, call.caller, project):
        raise errors.bad_request(
            "400 Bad request - Access level of the token can't be greater the access level of the user who created the token"
        )
    return wanted


def _expiry(call: Call) -> date:
    today = call.forge.now().date()
    expiry = call.params.day("expires_at") or tokens.default_expiry(today)
    if expiry <= today:
        raise errors.bad_request("400 Bad request - Expires at must be in the future")
    if expiry > tokens.default_expiry(today):
        raise errors.bad_request(
            f"400 Bad request - Expires at must be before {tokens.default_expiry(today)}"
        )
    return expiry


def _bot_user(call: Call, project: Project, level: Level) -> User:
    username = f"project_{project.id}_bot_{secrets.token_hex(16)}"
    now = call.forge.now()
    bot = call.forge.store.users.add(
        lambda number: User(
            id=number,
            username=username,
            name=call.params.needed_text("name"),
            email=f"{username}@noreply.localhost",
            created_at=now,
            bot=True,
        )
    )
    call.forge.store.members.add(
        lambda number: Member(
            id=number,
            source="project",
            source_id=project.id,
            user_id=bot.id,
            access_level=level,
            created_at=now,
            created_by_id=call.user.id,
        )
    )
    return bot


async def rotate_access_token(call: Call) -> Response:
    """Replace a token by a new one with the same rights."""
    old = _one(call, call.project(Level.MAINTAINER))
    if old.revoked:
        raise errors.bad_request("400 Bad request - token already revoked")
    secret, kept = tokens.minted("project")
    expiry, now = _expiry(call), call.forge.now()
    with call.forge.store.transaction():
        call.forge.store.tokens.change(old.id, revoked=True)
        fresh = call.forge.store.tokens.add(
            lambda number: old.model_copy(
                update={
                    "id": number,
                    "digest": kept,
                    "created_at": now,
                    "expires_at": expiry,
                    "last_used_at": None,
                }
            )
        )
    return answer(people.project_token(fresh, now) | {"token": secret}, 201)


async def revoke_access_token(call: Call) -> Response:
    """End a token, and the membership of its bot user."""
    token = _one(call, call.project(Level.MAINTAINER))
    with call.forge.store.transaction():
        call.forge.store.tokens.change(token.id, revoked=True)
        call.forge.store.members.remove_where(lambda each: each.user_id == token.user_id)
    return nothing()


_BASE = "/projects/{id}/access_tokens"
_ONE = f"{_BASE}/{{token_id}}"
ROUTES = (
    Route("GET", _BASE, list_access_tokens),
    Route("POST", _BASE, create_access_token),
    Route("GET", _ONE, get_access_token),
    Route("POST", f"{_ONE}/rotate", rotate_access_token),
    Route("DELETE", _ONE, revoke_access_token),
)
