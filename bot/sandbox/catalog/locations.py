"""The catalog's REST API: where entities come from."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.catalog import ledger, processing, refs
from bot.sandbox.catalog.addresses import split_location
from bot.sandbox.catalog.api import BASE, Endpoint, Guard, body_of
from bot.sandbox.catalog.engine import Engine
from bot.sandbox.catalog.errors import ApiError, input_error, not_found
from bot.sandbox.catalog.processing import ORIGIN, Child, Processor
from bot.sandbox.catalog.refs import Document
from bot.sandbox.catalog.store import Location, Store
from bot.sandbox.catalog.view import View


class LocationApi:
    """Endpoints that register and forget locations."""

    def __init__(self, store: Store, view: View, engine: Engine, processor: Processor) -> None:
        self._store = store
        self._view = view
        self._engine = engine
        self._processor = processor

    def routes(self, guard: Guard) -> list[Route]:
        """The API's paths."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/locations", self.list_locations),
            ("POST", "/locations", self.create),
            ("GET", "/locations/{id}", self.get),
            ("DELETE", "/locations/{id}", self.delete),
            ("POST", "/analyze-location", self.analyze),
            ("GET", "/locations/by-entity/{kind}/{namespace}/{name}", self.by_entity),
        ]
        return [Route(BASE + path, guard(call), methods=[method]) for method, path, call in table]

    async def list_locations(self, _: Request) -> Response:
        return JSONResponse([{"data": each.as_json()} for each in self._store.locations()])

    async def create(self, request: Request) -> Response:
        body = await body_of(request)
        kind, target = body.get("type"), body.get("target")
        if not (isinstance(target, str) and target and isinstance(kind, str)):
            raise input_error("Malformed request: type and target are required")
        if kind != "url":
            raise input_error("Registered locations must be of type 'url'")
        child = processing.registered(target)
        if _is_set(request, "dryRun"):
            return await self._dry_run(child, target)
        known = self._store.location(target)
        if known and request.query_params.get("onConflict") != "refresh":
            raise ApiError(409, "ConflictError", f"Location url:{target} already exists")
        if known:
            ledger.refresh(self._store, known.ref)
        location = known or ledger.register(self._store, child, target)
        self._engine.wake()
        return JSONResponse({"location": location.as_json(), "entities": []}, 201)

    async def _dry_run(self, child: Child, target: str) -> Response:
        """Read and check all that registering would bring, and keep nothing of it."""
        location = {"id": f"url:{target}", "type": "url", "target": target}
        entities: dict[str, Document] = {}
        todo = [child]
        while todo:
            outcome = await self._processor.process(todo.pop().entity)
            if outcome.entity is None:
                raise input_error(", ".join(map(str, outcome.errors)))
            ref = refs.ref_of(outcome.entity)
            if ref in entities:
                raise input_error(f"Duplicate nested entity: {ref}")
            entities[ref] = outcome.entity
            todo += outcome.children
        exists = self._store.location(target) is not None
        found = list(entities.values())
        return JSONResponse({"exists": exists, "location": location, "entities": found}, 201)

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._found(request).as_json())

    async def delete(self, request: Request) -> Response:
        ledger.unregister(self._store, self._found(request))
        return Response(status_code=204)

    async def by_entity(self, request: Request) -> Response:
        """The location through which an entity came in: its id is what deleting takes."""
        kind, namespace, name = (request.path_params[key] for key in ("kind", "namespace", "name"))
        ref = str(refs.Ref(kind, namespace, name))
        final = self._view.snapshot().entities.get(ref)
        if final is None:
            raise not_found(f"found no entity for ref {ref}")
        _, target = split_location(final.entity["metadata"]["annotations"][ORIGIN])
        location = self._store.location(target)
        if location is None:
            raise not_found(f"Found no location with type url and target {target}")
        return JSONResponse(location.as_json())

    async def analyze(self, request: Request) -> Response:
        """Guess an entity from a repository's address alone, as Backstage does for GitLab."""
        location = (await body_of(request)).get("location")
        target = location.get("target") if isinstance(location, dict) else None
        slug = (
            urlsplit(target).path.partition("/-/")[0].strip("/") if isinstance(target, str) else ""
        )
        if "/" not in slug:
            raise input_error("Malformed request: the location is no address of a repository")
        name = slug.rpartition("/")[2].removesuffix(".git")
        entity = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name, "annotations": {"gitlab.com/project-slug": slug}},
            "spec": {"type": "other", "lifecycle": "unknown"},
        }
        return JSONResponse(
            {"existingEntityFiles": [], "generateEntities": [{"entity": entity, "fields": []}]}
        )

    def _found(self, request: Request) -> Location:
        key = request.path_params["id"]
        location = self._store.location(key)
        if location is None or location.id != key:
            raise not_found(f"Found no location with ID {key}")
        return location


def _is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in {"true", "1", "yes", "y", "on"}
