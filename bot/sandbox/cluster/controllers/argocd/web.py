"""Argo CD's own HTTP port: the webhook, a little of its REST API, and its pages."""

import json
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.cluster.controllers.argocd import tree, webhook
from bot.sandbox.cluster.controllers.argocd.controller import REFRESH, Applications
from bot.sandbox.cluster.controllers.argocd.operations import APPLICATION
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, key_of

VERSION = "v3.5.1+sandbox"
NAMESPACE = "argocd"
SECRET = Kind("v1", "Secret")
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


class Web:
    """Answers from what the informers know."""

    def __init__(self, kube: Kube, informers: Informers, applications: Applications) -> None:
        self._kube = kube
        self._informers = informers
        self._applications = applications

    def application(self) -> Starlette:
        """Build the ASGI application."""
        one = "/applications/{namespace}/{name}"
        routes: list[BaseRoute] = [
            Route("/", lambda _: RedirectResponse("/applications")),
            Route("/api/webhook", self._webhook, methods=["POST"]),
            Route("/api/version", lambda _: JSONResponse({"Version": VERSION})),
            Route("/api/v1/applications", self._list),
            Route("/api/v1/applications/{name}", self._get),
            Route("/applications", self._list_page),
            Route(one, self._page),
            Route(f"{one}/refresh", self._refresh, methods=["POST"]),
            Route(f"{one}/sync", self._sync, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _all(self) -> list[Object]:
        informer = self._informers.known(APPLICATION)
        return [obj for _, obj in sorted(informer.objects.items())] if informer else []

    def _find(self, request: Request) -> Object | None:
        key = Key(request.path_params.get("namespace", NAMESPACE), request.path_params["name"])
        informer = self._informers.known(APPLICATION)
        return informer.objects.get(key) if informer else None

    async def _webhook(self, request: Request) -> Response:
        if request.headers.get("x-gitlab-event") not in webhook.EVENTS:
            return _refusal(400, "Unknown webhook event")
        secrets = await self._informers.of(*SECRET)
        secret = secrets.objects.get(Key(NAMESPACE, webhook.SECRET_NAME))
        if not webhook.is_authentic(request.headers.get("x-gitlab-token", ""), secret):
            return _refusal(401, "Webhook processing failed: X-Gitlab-Token validation failed")
        try:
            event = json.loads(await request.body())
        except ValueError:
            return _refusal(400, "Webhook processing failed: error parsing payload")
        for application in webhook.affected(self._all(), event):
            await self._annotate(key_of(application))
        return Response(status_code=200)

    async def _list(self, _: Request) -> Response:
        return JSONResponse({"metadata": {}, "items": self._all()})

    async def _get(self, request: Request) -> Response:
        application = self._find(request)
        if not application:
            name = request.path_params["name"]
            return _refusal(404, f'applications.argoproj.io "{name}" not found')
        if request.query_params.get("refresh"):
            await self._annotate(key_of(application), request.query_params["refresh"])
        return JSONResponse(application)

    async def _list_page(self, _: Request) -> Response:
        return _rendered("applications.html", applications=self._all())

    async def _page(self, request: Request) -> Response:
        application = self._find(request)
        if not application:
            return _rendered("missing.html", status=404, name=request.path_params["name"])
        comparison = self._applications.comparisons.get(key_of(application))
        nodes = tree.tree_of(comparison, self._informers) if comparison else ()
        return _rendered("application.html", app=application, nodes=nodes)

    async def _refresh(self, request: Request) -> Response:
        if application := self._find(request):
            await self._annotate(key_of(application))
        return RedirectResponse(request.url.path.removesuffix("/refresh"), status_code=303)

    async def _sync(self, request: Request) -> Response:
        application = self._find(request)
        if application and "operation" not in application:
            operation = {"initiatedBy": {"username": "admin"}, "sync": {"prune": True}}
            await self._kube.patch(APPLICATION, key_of(application), {"operation": operation})
        return RedirectResponse(request.url.path.removesuffix("/sync"), status_code=303)

    async def _annotate(self, key: Key, how: str = "normal") -> None:
        change = {"metadata": {"annotations": {REFRESH: how}}}
        await self._kube.patch(APPLICATION, key, change)


def _refusal(code: int, message: str) -> Response:
    return JSONResponse({"error": message, "code": code, "message": message}, status_code=code)


def _rendered(template: str, *, status: int = 200, **values: object) -> Response:
    return HTMLResponse(TEMPLATES.get_template(template).render(values), status_code=status)
