"""Pass requests on to the pods, and answer where there is none."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import jinja2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.sandbox.cluster.controllers.gateway import routes
from bot.sandbox.cluster.controllers.gateway.endpoints import Endpoints
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.objects import Kind, Object

HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute")
LOOPBACK = "127.0.0.1"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
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
        self._informers = informers
        self._endpoints = Endpoints(informers)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(60, connect=2),
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
        host = request.headers.get("host", "").partition(":")[0].lower()
        found = list(self._routes())
        backends = routes.backends_for(found, host, request.url.path, request.method)
        if backends is None:
            is_known = routes.knows_host(found, host)
            why = (
                f"{host} has nothing at this path."
                if is_known
                else f"No application answers to {host}."
            )
            return _page(404, "Not found", why)
        port = self._endpoints.choose(backends)
        if port is None:
            return _page(
                503, "No pod is ready", f"{host} has an application, but it is not running (yet)."
            )
        try:
            return await self._pass_on(request, port, scheme)
        except httpx.HTTPError as error:
            return _page(502, "The application did not answer", f"{host}: {type(error).__name__}")

    async def _pass_on(self, request: Request, port: int, scheme: str) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        raw_path = request.scope.get("raw_path") or request.url.path.encode()
        upstream = self._http.build_request(
            request.method,
            f"http://{LOOPBACK}:{port}{raw_path.decode('latin-1')}{query}",
            headers=_forwarded(request, scheme),
            content=request.stream() if _has_body(request) else None,
        )
        answer = await self._http.send(upstream, stream=True)
        response = StreamingResponse(
            _raw(answer), status_code=answer.status_code, background=BackgroundTask(answer.aclose)
        )
        response.raw_headers = _end_to_end(answer.headers.raw)
        return response

    def _routes(self) -> Iterable[Object]:
        informer = self._informers.known(HTTP_ROUTE)
        return informer.objects.values() if informer else ()


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in answer.aiter_raw():
        yield chunk


def _forwarded(request: Request, scheme: str) -> list[tuple[bytes, bytes]]:
    client = request.client.host if request.client else LOOPBACK
    own = [
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", scheme.encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode()),
    ]
    names = {name for name, _ in own}
    return [pair for pair in _end_to_end(request.headers.raw) if pair[0] not in names] + own


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    lower = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lower if name not in HOP_BY_HOP]


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _page(code: int, title: str, why: str) -> Response:
    html = TEMPLATES.get_template("answer.html").render(code=code, title=title, why=why)
    return HTMLResponse(html, status_code=code)
