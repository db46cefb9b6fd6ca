"""Who calls the API: private token, bearer, job token; and whether the token's scopes reach."""

from starlette.requests import Request

from bot.sandbox.gitlab import errors, tokens
from bot.sandbox.gitlab.access import ANONYMOUS, Caller
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.forge import Forge

_READS = ("GET", "HEAD", "OPTIONS")


def caller_of(forge: Forge, request: Request) -> Caller:
    """Who shows which token in the headers.

    Raises:
        ApiError: a token is shown and it is not good here.
    """
    headers = request.headers
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    secret = headers.get("private-token") or (bearer if scheme.lower() == "bearer" else "")
    job_secret = headers.get("job-token")
    if not secret and not job_secret:
        return ANONYMOUS
    caller = tokens.caller_with(forge, (secret or job_secret or "").strip())
    kind = caller.token.kind if caller.token else ""
    if kind == "deploy" or (kind == "job") is bool(secret):
        raise errors.unauthorized()
    return _in_place_of(forge, caller, headers.get("sudo"))


def _in_place_of(forge: Forge, caller: Caller, sudo: str | None) -> Caller:
    if not sudo:
        return caller
    if not caller.is_admin:
        raise errors.forbidden("Must be admin to use sudo")
    number = int(sudo) if sudo.isdecimal() else None
    user = forge.store.users.get(number) or forge.user_named(sudo)
    if user is None:
        raise errors.not_found(f"User with ID or username '{sudo}'")
    return Caller(user, caller.token)


def check_scope(caller: Caller, route: Route, method: str) -> None:
    """Refuse a token that was made for less than this route.

    Raises:
        ApiError: 401 without a token where one is needed, 403 where the scope is too small.
    """
    if caller.token is None:
        if method not in _READS:
            raise errors.unauthorized()
        return
    if caller.token.kind == "job":
        if not route.job_token:
            raise errors.unauthorized()
        return
    if route.scope == tokens.ANY_SCOPE:
        return
    enough = ["api", route.scope] if route.scope else ["api"]
    if method in _READS:
        enough.append("read_api")
    if not caller.has_scope(*enough):
        raise errors.insufficient_scope(" ".join(enough))
