"""The HTTP edge: authenticate, route, authorize, answer; no rule of Kubernetes is decided here."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.sandbox.cluster.api import (
    discovery,
    documents,
    identity,
    logs,
    rbac,
    refusals,
    routing,
    tables,
    verbs,
    watching,
)
from bot.sandbox.cluster.api.cluster import Call, Cluster, User
from bot.sandbox.cluster.api.refusals import Refusal
from bot.sandbox.cluster.api.watching import Watches

Object = dict[str, Any]

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_HEALTH = frozenset({"healthz", "livez", "readyz"})


def application(cluster: Cluster, watches: Watches) -> Starlette:
    """Return the API server as an ASGI application."""

    async def endpoint(request: Request) -> Response:
        try:
            return await _answer(cluster, watches, request)
        except Refusal as refusal:
            return _json(refusal.status(), refusal.code)

    routes = [Route("/{path:path}", endpoint, methods=_METHODS)]
    return Starlette(routes=routes, exception_handlers={Exception: _broken})


async def _broken(_: Request, error: Exception) -> Response:
    """Answer for an error of our own as a real server does; the server's log has the rest."""
    code = HTTPStatus.INTERNAL_SERVER_ERROR
    return _json(Refusal(code, "InternalError", f"Internal error occurred: {error}").status(), code)


async def _answer(cluster: Cluster, watches: Watches, request: Request) -> Response:
    path = request.url.path.strip("/")
    if path.partition("/")[0] in _HEALTH:
        return PlainTextResponse("ok")
    if path == "version":
        return _json(discovery.VERSION)
    user = identity.authenticate(cluster, request.headers.get("authorization", ""))
    document = documents.find(cluster, path, request.headers.get("accept", ""))
    if document is not None:
        _authorize(cluster, user, rbac.Attempt("get", path=f"/{path}"))
        return Response(document.text, media_type=document.media_type)
    query = dict(request.query_params)
    found = routing.target(cluster.registry, request.method, request.url.path, query)
    call = Call(
        user=user,
        verb=found.verb,
        resource=found.resource,
        namespace=found.namespace,
        name=found.name,
        subresource=found.subresource,
        query=query,
        content_type=request.headers.get("content-type", "").partition(";")[0].strip(),
        user_agent=request.headers.get("user-agent", ""),
    )
    _authorize(cluster, user, rbac.attempt_of(call), call)
    return await _carried_out(cluster, watches, call, request)


def _authorize(
    cluster: Cluster, user: User, attempt: rbac.Attempt, call: Call | None = None
) -> None:
    if rbac.is_allowed(cluster, user, attempt):
        return
    why = rbac.refusal_text(user, attempt)
    if call is None:
        raise Refusal(HTTPStatus.FORBIDDEN, "Forbidden", f"forbidden: {why}")
    raise refusals.forbidden(call.resource, call.name, why)


async def _carried_out(
    cluster: Cluster, watches: Watches, call: Call, request: Request
) -> Response:
    if call.verb == "watch":
        watching.check(cluster, call)
        stream = _event_lines(cluster, watches, call, request)
        return StreamingResponse(stream, media_type="application/json")
    if call.subresource == "log":
        return StreamingResponse(logs.stream(cluster, call), media_type="text/plain")
    raw = await request.body()
    code, body = verbs.carry_out(cluster, call, raw)
    return _json(_in_form(call, request, body), code, warnings=call.warnings)


def _in_form(call: Call, request: Request, body: Object) -> Object:
    """Show objects and lists in the form that the client accepts; a Status is always itself."""
    form = tables.wanted_form(request.headers.get("accept", ""))
    if not form or call.subresource or body["kind"] == "Status":
        return body
    if form == "Table":
        include = call.query.get("includeObject", "Metadata")
        return tables.table(call.resource, body, include=include)
    if form == "PartialObjectMetadataList":
        return tables.partial_list(body)
    return tables.partial(body) if form == "PartialObjectMetadata" else body


async def _event_lines(
    cluster: Cluster, watches: Watches, call: Call, request: Request
) -> AsyncIterator[bytes]:
    async for name, body in watches.events(cluster, call):
        shown = body if name == "ERROR" else _in_watch_form(call, request, name, body)
        yield json.dumps({"type": name, "object": shown}, separators=(",", ":")).encode() + b"\n"


def _in_watch_form(call: Call, request: Request, name: str, body: Object) -> Object:
    if name != "BOOKMARK":
        return _in_form(call, request, body)
    form = tables.wanted_form(request.headers.get("accept", ""))
    if form == "Table":
        empty = tables.table(call.resource, body | {"items": [], "kind": "List"}, include="None")
        return empty | {"rows": [{"cells": [], "object": tables.partial(body)}]}
    return tables.partial(body) if form == "PartialObjectMetadata" else body


def _json(
    body: Object, code: HTTPStatus = HTTPStatus.OK, *, warnings: list[str] | None = None
) -> Response:
    response = JSONResponse(body, status_code=code)
    for warning in warnings or ():
        response.headers.append("Warning", f"299 - {json.dumps(warning)}")
    return response
