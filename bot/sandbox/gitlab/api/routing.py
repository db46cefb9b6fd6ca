"""Find the handler of a path that is still encoded, since `%2F` inside a segment is not a slash."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Handler


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path with `{parts}` below /api/v4."""

    method: str
    path: str
    handler: Handler
    scope: str = ""
    """The narrower scope that is enough, beside `api` and (for reads) `read_api`."""
    job_token: bool = False
    """Whether a job's own token is good here."""


@dataclass(frozen=True, slots=True)
class Found:
    """A route with the parts of the path, still encoded."""

    route: Route
    parts: Mapping[str, str]


class Router:
    """All routes; the first that fits is taken."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]

    def find(self, method: str, path: str) -> Found:
        """The route for a request; a HEAD without a route of its own is served by the GET.

        Raises:
            ApiError: there is none.
        """
        fitting = [
            Found(route, matched.groupdict())
            for pattern, route in self._routes
            if (matched := pattern.fullmatch(path))
        ]
        for wanted in (method, "GET") if method == "HEAD" else (method,):
            for found in fitting:
                if found.route.method == wanted:
                    return found
        if fitting:
            raise errors.ApiError(405, {"error": "405 Not Allowed"})
        raise errors.ApiError(404, {"error": "404 Not Found"})


def _pattern(path: str) -> re.Pattern[str]:
    """The pattern of a path, in which `{*part}` takes slashes, too."""
    literal = re.sub(r"[.+]", r"\\\g<0>", path)
    one_segment = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", literal)
    return re.compile(re.sub(r"\{\*(\w+)\}", r"(?P<\1>.+)", one_segment))
