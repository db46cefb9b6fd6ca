"""Pass requests on to the pods, and answer where there is none."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import httpx
import jinja2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.sandbox.cluster.controllers.gateway import filters, routes
from bot.sandbox.cluster.controllers.gateway.endpoints import Endpoints
from bot.sandbox.cluster.controllers.gateway.matching import Asked
from bot.sandbox.cluster.controllers.gateway.routes import Chosen
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.objects import Kind, Object

HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute")
LOOPBACK = "127.0.0.1"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES = 3
PAUSE = 0.1
"""In seconds; within it the gateway hears of a pod that has gone."""
# They are between two neighbours, not between the ends.
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)


class Proxy:
    """The data plane, the same for HTTP and HTTPS."""

    def __init__(self, informers: Informers) -> None:
        self.ports: dict[str, int] = dict(filters.WELL_KNOWN)
        self._informers = informers
        self._endpoints = Endpoints(informers)
        self._http = httpx.AsyncClient(
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=32, keepalive_expiry=5
            ),
            trust_env=False,
            verify=False,  # noqa: S501 - pods are spoken to in plain HTTP
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()

    def application(self, scheme: str) -> Starlette:
        """Build the application of the listener for one scheme."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, scheme)

        return Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])

    async def _answer(self, request: Request, scheme: str) -> Response:
        asked = _asked(request, scheme)
        found = list(self._routes())
        chosen = routes.rule_for(found, asked)
        if chosen is None:
            return _no_rule(asked, is_known=routes.knows_host(found, asked))
        elsewhere = filters.redirection(chosen.filters, asked, chosen.prefix, self.ports)
        if elsewhere:
            code, address = elsewhere
            query = f"?{request.url.query}" if request.url.query else ""
            return Response(status_code=code, headers={"location": address + query})
        return await self._of_a_pod(request, scheme, chosen, host=asked.host)

    async def _of_a_pod(
        self, request: Request, scheme: str, chosen: Chosen, *, host: str
    ) -> Response:
        """Where a pod is gone before it answers, the next one is asked, if that does no harm: as gateways do by default."""
        for left in reversed(range(TRIES if _may_be_repeated(request) else 1)):
            port = self._endpoints.choose(chosen.backends)
            if port is None:
                why = f"{host} has an application, but it is not running (yet)."
                return _page(503, "No pod is ready", why)
            try:
                return await self._pass_on(request, port, scheme, chosen)
            except httpx.ReadTimeout:
                break
            except httpx.HTTPError as error:
                if not left:
                    why = f"{host}: {type(error).__name__}"
                    return _page(502, "The application did not answer", why)
                await asyncio.sleep(PAUSE)
        return _page(504, "The application took too long", f"{host} did not answer.")

    async def _pass_on(self, request: Request, port: int, scheme: str, chosen: Chosen) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        raw_path = (request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
        path = filters.rewritten_path(chosen.filters, raw_path, chosen.prefix)
        # The client's own method would add headers that nobody sent.
        upstream = httpx.Request(
            request.method,
            f"http://{LOOPBACK}:{port}{path}{query}",
            headers=_forwarded(request, scheme, chosen.filters),
            content=request.stream() if _has_body(request) else None,
            extensions={"timeout": httpx.Timeout(chosen.seconds or 60, connect=2).as_dict()},
        )
        answer = await self._http.send(upstream, stream=True)
        response = StreamingResponse(
            _raw(answer), status_code=answer.status_code, background=BackgroundTask(answer.aclose)
        )
        headers = _end_to_end(answer.headers.raw)
        response.raw_headers = filters.of_response(chosen.filters, headers)
        return response

    def _routes(self) -> Iterable[Object]:
        informer = self._informers.known(HTTP_ROUTE)
        return informer.objects.values() if informer else ()


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in answer.aiter_raw():
        yield chunk


def _asked(request: Request, scheme: str) -> Asked:
    return Asked(
        scheme=scheme,
        host=request.headers.get("host", "").partition(":")[0].lower(),
        path=request.url.path,
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(reversed(request.query_params.multi_items())),
    )


def _forwarded(
    request: Request, scheme: str, filtering: Sequence[Object]
) -> list[tuple[bytes, bytes]]:
    client = request.client.host if request.client else LOOPBACK
    own = [
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", scheme.encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode()),
    ]
    names = {name for name, _ in own}
    kept = [pair for pair in _end_to_end(request.headers.raw) if pair[0] not in names]
    host = filters.rewritten_host(filtering)
    if host:
        kept = [pair for pair in kept if pair[0] != b"host"] + [(b"host", host.encode())]
    return filters.of_request(filtering, kept + own)


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    lower = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lower if name not in HOP_BY_HOP]


def _may_be_repeated(request: Request) -> bool:
    return request.method in SAFE and not _has_body(request)


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _no_rule(asked: Asked, *, is_known: bool) -> Response:
    nowhere = f"No application answers to {asked.host}."
    return _page(404, "Not found", f"{asked.host} has nothing here." if is_known else nowhere)


def _page(code: int, title: str, why: str) -> Response:
    html = TEMPLATES.get_template("answer.html").render(code=code, title=title, why=why)
    return HTMLResponse(html, status_code=code)
