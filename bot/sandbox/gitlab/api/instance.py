"""The server itself, its users and their tokens."""

from starlette.responses import Response

from bot.sandbox.gitlab import errors, tokens
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import people
from bot.sandbox.gitlab.forge import REVISION, VERSION
from bot.sandbox.gitlab.model import Settings, Token, User

_LONGEST_DELAY = 90


async def metadata(call: Call) -> Response:
    """Which GitLab this is."""
    call.require_login()
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return answer({"version": VERSION, "revision": REVISION, "kas": kas, "enterprise": False})


async def settings(call: Call) -> Response:
    """What administrators have set, as far as this GitLab heeds it."""
    return _settings_shown(call)


async def change_settings(call: Call) -> Response:
    """Set for how many days deleted projects are kept; 0 deletes them at once."""
    _require_admin(call)
    days = call.params.integer("deletion_adjourned_period")
    if days is not None:
        if not 0 <= days <= _LONGEST_DELAY:
            problem = "must be less than or equal to 90"
            raise errors.invalid(deletion_adjourned_period=[problem])
        call.forge.store.settings.put(Settings(deletion_adjourned_period=days))
    return _settings_shown(call)


def _settings_shown(call: Call) -> Response:
    _require_admin(call)
    return answer(call.forge.settings.model_dump())


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise errors.forbidden()


async def current_user(call: Call) -> Response:
    """Who the token belongs to."""
    return answer(people.with_email(call.forge, call.user))


async def list_users(call: Call) -> Response:
    """Users by exact user name or by part of a name."""
    call.require_login()
    username, search = call.params.text("username"), (call.params.text("search") or "").lower()

    def wanted(user: User) -> bool:
        if username is not None:
            return user.username.lower() == username.lower()
        words = (user.username, user.name.lower(), user.email)
        return any(search in word for word in words)

    found = call.forge.store.users.where(wanted)
    return paged(call, found, lambda user: people.basic(call.forge, user))


async def get_user(call: Call) -> Response:
    """One user."""
    call.require_login()
    user = _user(call)
    present = people.with_email if call.caller.is_admin else people.full
    return answer(present(call.forge, user))


def _user(call: Call) -> User:
    user = call.forge.store.users.get(call.number("id"))
    if user is None:
        raise errors.not_found("User")
    return user


async def create_user_token(call: Call) -> Response:
    """Give a user a token, as administrators may."""
    _require_admin(call)
    user = _user(call)
    call.params.need("name", "scopes")
    scopes = call.params.texts("scopes") or ()
    if not scopes or not set(scopes) <= set(tokens.SCOPES):
        raise errors.bad_parameter("scopes does not have a valid value")
    secret, kept = tokens.minted("personal")
    now = call.forge.now()
    token = call.forge.store.tokens.add(
        lambda number: Token(
            id=number,
            kind="personal",
            name=call.params.needed_text("name"),
            digest=kept,
            scopes=scopes,
            created_at=now,
            user_id=user.id,
            description=call.params.text("description"),
            expires_at=call.params.day("expires_at") or tokens.default_expiry(now.date()),
        )
    )
    return answer(people.personal_token(token, now) | {"token": secret}, 201)


async def own_token(call: Call) -> Response:
    """The token that the request came with."""
    return answer(people.personal_token(_own_token(call), call.forge.now()))


async def revoke_own_token(call: Call) -> Response:
    """End the token that the request came with."""
    call.forge.store.tokens.change(_own_token(call).id, revoked=True)
    return nothing()


def _own_token(call: Call) -> Token:
    if call.caller.token is None:
        raise errors.unauthorized()
    return call.caller.token


ROUTES = (
    Route("GET", "/version", metadata, "read_user"),
    Route("GET", "/metadata", metadata, "read_user"),
    Route("GET", "/application/settings", settings),
    Route("PUT", "/application/settings", change_settings),
    Route("GET", "/user", current_user, "read_user"),
    Route("GET", "/users", list_users, "read_user"),
    Route("GET", "/users/{id}", get_user, "read_user"),
    Route("POST", "/users/{id}/personal_access_tokens", create_user_token),
    Route("GET", "/personal_access_tokens/self", own_token, tokens.ANY_SCOPE),
    Route("DELETE", "/personal_access_tokens/self", revoke_own_token, tokens.ANY_SCOPE),
)
