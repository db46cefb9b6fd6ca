"""Git over HTTP at /<project path>.git: who may clone and push, and what follows a push."""

import base64
import binascii
import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.sandbox.gitlab import access, changes, errors, tokens
from bot.sandbox.gitlab.access import ANONYMOUS, Caller
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.smart_http import Backend, Rule, rules_for_hook
from bot.sandbox.gitlab.model import Level, Project

_PATH = re.compile(
    r"/(?P<project>.+?)(?:\.git)?"
    r"(?P<service>/info/refs|/git-upload-pack|/git-receive-pack|/HEAD|/objects/.+)"
)
_NOT_FOUND = (
    "The project you were looking for could not be found or you don't have permission to view it.\n"
)
_MAY_NOT_PUSH = "You are not allowed to push code to this project.\n"
_BAD_LOGIN = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password.\n"


class GitHttp:
    """Answers git's requests; any other path is not its business."""

    def __init__(self, forge: Forge, backend: Backend) -> None:
        self._forge = forge
        self._backend = backend

    def is_meant_by(self, request: Request) -> bool:
        """Whether git asks this."""
        path = request.scope["path"]
        if path.endswith("/info/refs"):
            return "service" in request.query_params or ".git/" in path
        return (".git/" in path and _PATH.fullmatch(path) is not None) or path.endswith(
            ("/git-upload-pack", "/git-receive-pack")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the login, then let git answer."""
        request = Request(scope, receive)
        matched = _PATH.fullmatch(scope["path"])
        is_push = "git-receive-pack" in (scope["path"] + request.url.query)
        try:
            caller = login(self._forge, request)
        except errors.ApiError:
            await _demand_login(_BAD_LOGIN)(scope, receive, send)
            return
        project = self._forge.project_at(unquote(matched["project"])) if matched else None
        refusal = self._refusal(caller, project, is_push=is_push)
        if refusal is not None or project is None or matched is None:
            await (refusal or _demand_login(_BAD_LOGIN))(scope, receive, send)
        elif is_push and request.method == "POST":
            await self._push(request, send, caller, project)
        else:
            await self._run(request, send, caller, project, matched["service"])

    def _refusal(
        self, caller: Caller, project: Project | None, *, is_push: bool
    ) -> PlainTextResponse | None:
        """Why not; to the anonymous a project that is hidden is one that needs a login."""
        if project is None or not access.may_read_code(self._forge, caller, project):
            if caller.token is None:
                return _demand_login(_BAD_LOGIN)
            return PlainTextResponse(_NOT_FOUND, 404)
        if caller.token is not None and not caller.has_scope(
            "api", "write_repository", *(() if is_push else ("read_repository",))
        ):
            return PlainTextResponse(_MAY_NOT_PUSH if is_push else _NOT_FOUND, 403)
        if not is_push:
            return None
        if caller.token is None:
            return _demand_login(_BAD_LOGIN)
        return None if self._may_push(caller, project) else PlainTextResponse(_MAY_NOT_PUSH, 403)

    def _may_push(self, caller: Caller, project: Project) -> bool:
        if project.is_read_only:
            return False
        if caller.token is not None and caller.token.kind == "job":
            allowed = project.settings.get("ci_push_repository_for_job_token_allowed", False)
            if not allowed or caller.token.project_id != project.id:
                return False
        return access.level_in_project(self._forge, caller, project) >= Level.DEVELOPER

    async def _push(self, request: Request, send: Send, caller: Caller, project: Project) -> None:
        """Let git take the push, then do what follows it before git tells the client."""
        held: list[dict[str, object]] = []

        async def hold_back(message: object) -> None:
            if isinstance(message, dict):
                held.append(message)

        async with self._forge.repositories.writing(project.id):
            await self._run(request, hold_back, caller, project, "/git-receive-pack")
            if caller.user is not None:
                await changes.follow_up(self._forge, project.id, caller.user)
        for message in held:
            await send(message)

    async def _run(
        self, request: Request, send: Send, caller: Caller, project: Project, service: str
    ) -> None:
        token_name = caller.token.username if caller.token else None
        await self._backend.serve(
            request,
            send,
            repository=self._forge.repositories.path(project.id),
            service_path=service,
            user=caller.user.username if caller.user else token_name or "",
            extra=rules_for_hook(self._rules(caller, project), project.default_branch),
        )

    def _rules(self, caller: Caller, project: Project) -> list[Rule]:
        rules = self._forge.store.protected_branches.where(
            lambda each: each.project_id == project.id
        )
        return [
            Rule(
                rule.name, self._forbidden(caller, project, rule.name, force=rule.allow_force_push)
            )
            for rule in rules
        ]

    def _forbidden(self, caller: Caller, project: Project, branch: str, *, force: bool) -> str:
        if not access.may_push(self._forge, caller, project, branch):
            return "push"
        return "delete" if force else "force"


def login(forge: Forge, request: Request) -> Caller:
    """Who logs in with a user name and a token as the password.

    Raises:
        ApiError: the login is no good.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.caller_with(forge, value.strip())
    if scheme.lower() != "basic":
        return ANONYMOUS
    try:
        username, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.unauthorized() from error
    return tokens.caller_with_password(forge, username, password or username)


def _demand_login(text: str) -> PlainTextResponse:
    return PlainTextResponse(text, 401, {"WWW-Authenticate": 'Basic realm="GitLab"'})
