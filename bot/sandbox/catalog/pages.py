"""The pages at which people look at the catalog."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.sandbox.catalog import query, refs
from bot.sandbox.catalog.drawing import drawn
from bot.sandbox.catalog.portrait import is_web, line_of, portrait_of, title_of
from bot.sandbox.catalog.view import Final, View

_KINDS = (
    "Component",
    "API",
    "System",
    "Domain",
    "Resource",
    "Group",
    "User",
    "Template",
    "Location",
)
_SEARCHED = ("metadata.name", "metadata.title", "spec.profile.displayName", "metadata.tags")


class Pages:
    """A list with filters, and a page for each entity."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.tests["web"] = is_web

    def routes(self) -> list[Route]:
        """The pages' paths: those that Backstage has."""
        return [
            Route("/", self.home),
            Route("/catalog", self.index),
            Route("/catalog/{namespace}/{kind}/{name}", self.entity),
        ]

    async def home(self, _: Request) -> Response:
        return RedirectResponse("/catalog")

    async def index(self, request: Request) -> Response:
        snapshot = self._view.snapshot()
        counts = {
            each["value"]: each["count"]
            for each in query.facets(list(snapshot.entities.values()), ["kind"])["kind"]
        }
        kind = request.query_params.get("kind") or _first_kind(counts)
        text = request.query_params.get("q", "")
        asked = query.Query(filter=(f"kind={kind}",), term=text, term_fields=_SEARCHED)
        found = query.run(snapshot, asked, limit=len(snapshot.entities)).items if kind else ()
        lines = [line_of(each, snapshot) for each in sorted(found, key=_by_title)]
        kinds = [(name, counts[name]) for name in _KINDS if name in counts]
        return self._shown("index.html", kinds=kinds, kind=kind, text=text, lines=lines)

    async def entity(self, request: Request) -> Response:
        kind, namespace, name = (request.path_params[key] for key in ("kind", "namespace", "name"))
        snapshot = self._view.snapshot()
        ref = str(refs.Ref(kind, namespace, name))
        final = snapshot.entities.get(ref)
        if final is None:
            return self._shown("missing.html", status=404, ref=ref)
        portrait = portrait_of(final, snapshot)
        return self._shown("entity.html", it=portrait, drawing=drawn(portrait.neighbours))

    def _shown(self, template: str, *, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(values), status)


def _first_kind(counts: dict[str, int]) -> str:
    return next((kind for kind in _KINDS if kind in counts), "")


def _by_title(final: Final) -> tuple[str, str]:
    return title_of(final).casefold(), final.ref
