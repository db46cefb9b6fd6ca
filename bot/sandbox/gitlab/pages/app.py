"""Find the page of an address: what is behind `/-/` belongs to a project, all else is a namespace."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Project
from bot.sandbox.gitlab.pages import rendering, requests, runs, source, spaces
from bot.sandbox.gitlab.pages.site import NoSuchPage, Site

_Page = Callable[[Site, Project, str], Awaitable[Response]]
_PAGES: Mapping[str, _Page] = {
    "tree": source.tree,
    "blob": source.blob,
    "edit": source.edit,
    "raw": source.raw,
    "commits": source.commits,
    "commit": source.commit,
    "branches": source.branches,
    "compare": source.compare,
    "pipelines": runs.pipelines,
    "environments": runs.environments,
    "merge_requests": requests.merge_requests,
    "container_registry": requests.registry,
}
_FILES = ("favicon.svg", "live.js")


class Pages:
    """Serves everything that a browser asks for."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._site = Site(forge)
        self._style = rendering.stylesheet()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page, or with one that says that there is none."""
        request = Request(scope, receive)
        try:
            response = await self._page(request)
        except (NoSuchPage, *source.NOT_THERE):
            response = self._site.page("error.html", status=404, code=404, words="Page not found")
        await response(scope, receive, send)

    async def _page(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            raise NoSuchPage
        path = unquote(request.scope["path"]).strip("/")
        if path.startswith("-/static/"):
            return self._static(path.removeprefix("-/static/"))
        if path in {"", "explore", "dashboard/projects", "projects"}:
            return spaces.overview(self._site, "projects")
        if path in {"groups", "explore/groups", "dashboard/groups"}:
            return spaces.overview(self._site, "groups")
        owner, behind, rest = path.partition("/-/")
        project = self._forge.project_at(owner.removesuffix(".git"))
        if not behind:
            return await self._home(project, path)
        if project is None:
            raise NoSuchPage
        return await self._of_project(request, project, rest)

    def _static(self, name: str) -> Response:
        if name == "gitlab.css":
            return Response(self._style, media_type="text/css")
        if name not in _FILES:
            raise NoSuchPage
        return FileResponse(rendering.FOLDER / "static" / name)

    async def _home(self, project: Project | None, path: str) -> Response:
        if project is not None:
            return await source.tree(self._site, project, None)
        space = self._forge.namespace_at(path.removeprefix("groups/"))
        if space is None:
            return self._moved(path)
        return spaces.group(self._site, space)

    def _moved(self, path: str) -> Response:
        """A renamed project is still found under its old name."""
        moved = self._forge.store.projects.first(lambda each: path in each.former_paths)
        if moved is None:
            raise NoSuchPage
        return RedirectResponse(f"/{self._forge.full_path(moved)}", 301)

    async def _of_project(self, request: Request, project: Project, rest: str) -> Response:
        kind, _, text = rest.partition("/")
        if kind == "jobs":
            return await runs.jobs(self._site, project, text, request)
        page = _PAGES.get(kind)
        if page is None:
            raise NoSuchPage
        return await page(self._site, project, text)
