"""One API request with what every handler needs: who calls, with what, about which project."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.sandbox.gitlab import access, errors
from bot.sandbox.gitlab.access import Caller
from bot.sandbox.gitlab.api.params import Params
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Level, Namespace, Project, User

Handler = Callable[["Call"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one route."""

    forge: Forge
    caller: Caller
    params: Params
    path: Mapping[str, str]
    request: Request

    @property
    def user(self) -> User:
        """Who calls; refuses the anonymous."""
        if self.caller.user is None:
            raise errors.unauthorized()
        return self.caller.user

    def require_login(self) -> None:
        """Refuse the anonymous."""
        if self.caller.user is None:
            raise errors.unauthorized()

    def part(self, name: str) -> str:
        """A part of the path with its escapes undone."""
        return unquote(self.path[name])

    def number(self, name: str) -> int:
        """A part of the path that has to be a number."""
        try:
            return int(self.path[name])
        except ValueError as error:
            raise errors.bad_parameter(f"{name} is invalid") from error

    def project(self, minimum: Level = Level.NONE) -> Project:
        """The project that the path names.

        Raises:
            ApiError: there is none that the caller may see, or the role is too small.
        """
        found = self._find_project(self.part("id"))
        if found is None or not access.may_see_project(self.forge, self.caller, found):
            raise errors.not_found("Project")
        if access.level_in_project(self.forge, self.caller, found) < minimum:
            self._refuse()
        return found

    def _refuse(self) -> None:
        raise errors.forbidden() if self.caller.user else errors.unauthorized()

    def _find_project(self, key: str) -> Project | None:
        if key.isdecimal():
            return self.forge.store.projects.get(int(key))
        return self.forge.project_at(key) or self._moved(key)

    def _moved(self, path: str) -> Project | None:
        """A renamed project answers at its old path with a redirect."""
        moved = self.forge.store.projects.first(lambda each: path in each.former_paths)
        if moved is not None and access.may_see_project(self.forge, self.caller, moved):
            target = f"{self.forge.url}/api/v4/projects/{moved.id}"
            raise errors.ApiError(301, {"message": "301 Moved Permanently"}, {"Location": target})
        return None

    def code(self) -> Project:
        """The project that the path names, for a caller who may read its repository."""
        found = self.project()
        if not access.may_read_code(self.forge, self.caller, found):
            self._refuse()
        return found

    def group(self, minimum: Level = Level.NONE) -> Namespace:
        """The group that the path names."""
        key = self.part("id")
        namespaces = self.forge.store.namespaces
        found = namespaces.get(int(key)) if key.isdecimal() else self.forge.namespace_at(key)
        if found is None or found.kind != "group":
            raise errors.not_found("Group")
        if not access.may_see_group(self.forge, self.caller, found):
            raise errors.not_found("Group")
        if access.level_in_group(self.forge, self.caller, found) < minimum:
            self._refuse()
        return found


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return JSONResponse(body, status, dict(headers or {}))


def nothing() -> Response:
    """An answer without content."""
    return Response(status_code=204)


def accepted() -> Response:
    """What a deletion that goes on in the background is answered with."""
    return answer({"message": "202 Accepted"}, 202)
