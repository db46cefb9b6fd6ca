"""Deploy tokens of a project, for machines that read code and images; each secret is shown once."""

from starlette.responses import Response

from bot.sandbox.gitlab import errors, tokens
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import people
from bot.sandbox.gitlab.model import Level, Project, Token

_SCOPES = (
    "read_repository",
    "read_registry",
    "write_registry",
    "read_package_registry",
    "write_package_registry",
)


def _of(call: Call, project: Project) -> list[Token]:
    return call.forge.store.tokens.where(
        lambda each: each.kind == "deploy" and each.project_id == project.id
    )


def _one(call: Call, project: Project) -> Token:
    wanted = call.number("token_id")
    for token in _of(call, project):
        if token.id == wanted:
            return token
    raise errors.not_found("DeployToken")


async def list_deploy_tokens(call: Call) -> Response:
    """The project's deploy tokens, without their secrets."""
    project, now = call.project(Level.MAINTAINER), call.forge.now()
    found = _of(call, project)
    return paged(call, found, lambda each: people.deploy_token(each, now))


async def get_deploy_token(call: Call) -> Response:
    """One deploy token, without its secret."""
    token = _one(call, call.project(Level.MAINTAINER))
    return answer(people.deploy_token(token, call.forge.now()))


async def create_deploy_token(call: Call) -> Response:
    """Make a token for machines that read code and images."""
    project, now = call.project(Level.MAINTAINER), call.forge.now()
    call.params.need("name", "scopes")
    scopes = call.params.texts("scopes") or ()
    if not scopes or not set(scopes) <= set(_SCOPES):
        raise errors.bad_parameter("scopes does not have a valid value")
    secret, kept = tokens.minted("deploy")
    with call.forge.store.transaction():
        token = call.forge.store.tokens.add(
            lambda number: Token(
                id=number,
                kind="deploy",
                name=call.params.needed_text("name"),
                digest=kept,
                scopes=scopes,
                created_at=now,
                project_id=project.id,
                username=call.params.text("username") or f"gitlab+deploy-token-{number}",
                expires_at=call.params.day("expires_at"),
            )
        )
        path = call.forge.full_path(project)
        call.forge.store.count_creation("deploy_tokens", f"{path}:{token.name}")
    return answer(people.deploy_token(token, now) | {"token": secret}, 201)


async def delete_deploy_token(call: Call) -> Response:
    """End a deploy token."""
    token = _one(call, call.project(Level.MAINTAINER))
    call.forge.store.tokens.remove(token.id)
    return nothing()


_BASE = "/projects/{id}/deploy_tokens"
_ONE = f"{_BASE}/{{token_id}}"
ROUTES = (
    Route("GET", _BASE, list_deploy_tokens),
    Route("POST", _BASE, create_deploy_token),
    Route("GET", _ONE, get_deploy_token),
    Route("DELETE", _ONE, delete_deploy_token),
)
