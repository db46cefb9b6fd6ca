"""The catalog's REST API: what is asked about entities."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.catalog import filters, ledger, query, refs, validation
from bot.sandbox.catalog.addresses import split_location
from bot.sandbox.catalog.engine import Engine
from bot.sandbox.catalog.errors import ApiError, Problem, input_error, not_found
from bot.sandbox.catalog.processing import LOCATION, ORIGIN, Processor
from bot.sandbox.catalog.store import Store
from bot.sandbox.catalog.view import Final, View

BASE = "/api/catalog"

Endpoint = Callable[[Request], Awaitable[Response]]
Guard = Callable[[Endpoint], Endpoint]


def guarded(token: str) -> Guard:
    """Let only callers with the token through, and word every refusal as Backstage does."""

    def guard(endpoint: Endpoint) -> Endpoint:
        async def answered(request: Request) -> Response:
            try:
                _require_token(request, token)
                return await endpoint(request)
            except ApiError as error:
                return refusal(request, error)

        return answered

    return guard


def refusal(request: Request, error: ApiError) -> JSONResponse:
    """The answer to a call that failed; below the API's root its address is told without it."""
    path = request.url.path.removeprefix(BASE)
    url = f"{path}?{request.url.query}" if request.url.query else path
    return JSONResponse(error.body(method=request.method, url=url), error.status)


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise input_error(f"Malformed request: {error}") from error
    if not isinstance(body, dict):
        raise input_error("Malformed request: expected an object")
    return body


class EntityApi:
    """Endpoints that read entities, and those that have them processed."""

    def __init__(self, store: Store, view: View, engine: Engine, processor: Processor) -> None:
        self._store = store
        self._view = view
        self._engine = engine
        self._processor = processor

    def routes(self, guard: Guard) -> list[Route]:
        """The API's paths."""
        name = "/entities/by-name/{kind}/{namespace}/{name}"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/entities", self.list_entities),
            ("GET", "/entities/by-query", self.query_get),
            ("POST", "/entities/by-query", self.query_post),
            ("POST", "/entities/by-refs", self.by_refs),
            ("GET", "/entities/by-uid/{uid}", self.by_uid),
            ("DELETE", "/entities/by-uid/{uid}", self.delete_by_uid),
            ("GET", name, self.by_name),
            ("GET", f"{name}/ancestry", self.ancestry),
            ("GET", "/entity-facets", self.facets),
            ("POST", "/refresh", self.refresh),
            ("POST", "/validate-entity", self.validate),
        ]
        return [Route(BASE + path, guard(call), methods=[method]) for method, path, call in table]

    async def list_entities(self, request: Request) -> Response:
        params = request.query_params
        found = query.selected(self._view.snapshot(), params.getlist("filter"))
        offset, limit = _number(params.get("offset"), "offset", 0), params.get("limit")
        end = None if limit is None else offset + _number(limit, "limit", 0)
        return JSONResponse(_shown(found[offset:end], _fields(params.getlist("fields"))))

    async def query_get(self, request: Request) -> Response:
        params = request.query_params
        if cursor := params.get("cursor"):
            asked = query.from_cursor(cursor)
        else:
            order, _, direction = params.get("orderField", "").partition(",")
            asked = query.Query(
                filter=tuple(params.getlist("filter")),
                order=order,
                descending=direction == "desc",
                term=params.get("fullTextFilterTerm", ""),
                term_fields=_fields(params.getlist("fullTextFilterFields")),
            )
        return self._page(asked, params, _fields(params.getlist("fields")))

    async def query_post(self, request: Request) -> Response:
        body = await body_of(request)
        if cursor := body.get("cursor"):
            asked = query.from_cursor(cursor)
        else:
            order: dict[str, str] = next(iter(body.get("orderBy") or ()), {})
            text = body.get("fullTextFilter") or {}
            asked = query.Query(
                query=body.get("query"),
                order=order.get("field", ""),
                descending=order.get("order") == "desc",
                term=text.get("term", ""),
                term_fields=tuple(text.get("fields") or ()),
            )
        return self._page(asked, body, tuple(body.get("fields") or ()))

    def _page(self, asked: query.Query, params: Any, fields: tuple[str, ...]) -> Response:
        page = query.run(
            self._view.snapshot(),
            asked,
            limit=_number(params.get("limit"), "limit", query.DEFAULT_LIMIT),
            offset=_number(params.get("offset"), "offset", 0),
        )
        more = {"nextCursor": page.next_cursor} if page.next_cursor else {}
        items = _shown(page.items, fields)
        return JSONResponse({"items": items, "totalItems": page.total, "pageInfo": more})

    async def by_refs(self, request: Request) -> Response:
        body = await body_of(request)
        wanted = body.get("entityRefs")
        if not isinstance(wanted, list):
            raise input_error("Malformed request: entityRefs must be a list")
        entities = self._view.snapshot().entities
        fields = tuple(body.get("fields") or ())
        items = [
            filters.picked(entities[ref].entity, fields) if ref in entities else None
            for ref in wanted
        ]
        return JSONResponse({"items": items})

    async def by_uid(self, request: Request) -> Response:
        uid = request.path_params["uid"]
        for final in self._view.snapshot().entities.values():
            if final.uid == uid:
                return JSONResponse(final.entity)
        raise not_found(f"No entity with uid {uid}")

    async def delete_by_uid(self, request: Request) -> Response:
        """The entity is back after its location's next round: only deleting the location is for good."""
        ledger.remove_entity(self._store, request.path_params["uid"])
        return Response(status_code=204)

    async def by_name(self, request: Request) -> Response:
        return JSONResponse(self._named(request).entity)

    async def ancestry(self, request: Request) -> Response:
        root = self._named(request)
        snapshot = self._view.snapshot()
        items: list[dict[str, Any]] = []
        todo, seen = [root.ref], {root.ref}
        while todo:
            ref = todo.pop(0)
            parents = [each for each in snapshot.parents.get(ref, ()) if each in snapshot.entities]
            items.append({"entity": snapshot.entities[ref].entity, "parentEntityRefs": parents})
            todo += (each for each in parents if each not in seen)
            seen.update(parents)
        return JSONResponse({"rootEntityRef": root.ref, "items": items})

    async def facets(self, request: Request) -> Response:
        params = request.query_params
        names = params.getlist("facet")
        if not names:
            raise input_error("Missing facet parameter")
        found = query.selected(self._view.snapshot(), params.getlist("filter"))
        return JSONResponse({"facets": query.facets(found, names)})

    async def refresh(self, request: Request) -> Response:
        ref = (await body_of(request)).get("entityRef")
        if not ledger.refresh(self._store, str(ref).lower()):
            raise not_found(f"Failed to schedule {ref} for refresh")
        self._engine.wake()
        return Response(status_code=200)

    async def validate(self, request: Request) -> Response:
        """Unlike elsewhere a refusal here is a list of errors."""
        body = await body_of(request)
        entity: Any = body.get("entity")
        location = str(body.get("location"))
        try:
            validation.check_envelope(entity)
            _require_url(location)
        except (validation.InvalidError, ValueError) as error:
            return _errors((Problem("TypeError", str(error)),))
        annotations = {LOCATION: location, ORIGIN: location}
        metadata = entity["metadata"]
        metadata["annotations"] = annotations | (metadata.get("annotations") or {})
        outcome = await self._processor.process(entity)
        return _errors(outcome.errors) if outcome.errors else Response(status_code=200)

    def _named(self, request: Request) -> Final:
        kind, namespace, name = (request.path_params[key] for key in ("kind", "namespace", "name"))
        final = self._view.snapshot().entities.get(str(refs.Ref(kind, namespace, name)))
        if final is None:
            raise not_found(
                f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
            )
        return final


def _require_token(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise ApiError(401, "AuthenticationError", "Missing credentials")
    if given != token:
        raise ApiError(401, "AuthenticationError", "Illegal token")


def _require_url(location: str) -> None:
    if split_location(location)[0] != "url":
        raise ValueError(
            f"Invalid location ref {location}, only 'url:<target>' is supported, e.g. url:https://host/path"
        )


def _errors(problems: tuple[Problem, ...]) -> JSONResponse:
    return JSONResponse({"errors": [problem.as_json() for problem in problems]}, 400)


def _shown(found: Any, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [filters.picked(final.entity, fields) for final in found]


def _fields(given: list[str]) -> tuple[str, ...]:
    return tuple(field.strip() for text in given for field in text.split(",") if field.strip())


def _number(given: Any, name: str, default: int) -> int:
    if given is None:
        return default
    try:
        number = int(given)
    except (TypeError, ValueError) as error:
        raise input_error(f"Invalid {name}, not an integer") from error
    if number < 0:
        raise input_error(f"Invalid {name}, must be zero or more")
    return number
