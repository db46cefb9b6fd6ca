"""The routes below /sandbox/faults: ask for faults, list them, clear them; a browser gets the panel."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.faults import panel
from bot.sandbox.faults.kinds import WISH, Fault, StoppedPart
from bot.sandbox.faults.store import Faults

PATH = "/sandbox/faults"
STATIC = StaticFiles(directory=Path(__file__).with_name("static"))

STOPS_WITH = {"argocd": "cluster"}
"""Addresses that are gone when another part is stopped."""

Endpoint = Callable[[Request], Awaitable[Response]]


class _Refused(Exception):
    """What is wrong with a wish, field by field."""

    def __init__(self, **problems: str) -> None:
        super().__init__(problems)
        self.problems = problems


def answer(faults: Faults, part: str) -> Starlette:
    """The application that takes orders at one part's address."""
    own = STOPS_WITH.get(part, part)

    async def listed(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(panel.drawn(faults, part))
        told = {"faults": faults.listed(), "past": faults.past}
        return JSONResponse({name: [a.as_json() for a in some] for name, some in told.items()})

    async def ordered(request: Request) -> Response:
        try:
            wish = _checked(faults, own, await request.body())
        except _Refused as refusal:
            return JSONResponse(_worded(refusal.problems), 400)
        made = faults.add(wish)
        await faults.settled(without=own)
        return JSONResponse(made.as_json(), 201)

    async def cleared(request: Request) -> Response:
        number = request.path_params.get("number")
        count = faults.clear_all() if number is None else int(faults.clear(number))
        await faults.settled(without=own)
        if number is not None and not count:
            return JSONResponse({"error": f"There is no fault {number}."}, 404)
        return JSONResponse({"cleared": count})

    return Starlette(
        routes=[
            Route(PATH, listed, methods=["GET"]),
            Route(PATH, ordered, methods=["POST"]),
            Route(PATH, cleared, methods=["DELETE"]),
            Route(f"{PATH}/{{number:int}}", cleared, methods=["DELETE"]),
            Mount(f"{PATH}/static", STATIC),
        ]
    )


def _checked(faults: Faults, own: str, body: bytes) -> Fault:
    """Read a wish.

    Raises:
        _Refused: there is no such fault, or it cannot be had here.
    """
    try:
        wish: Fault = WISH.validate_json(body)
    except ValidationError as error:
        raise _Refused(**_problems(error)) from error
    if not isinstance(wish, StoppedPart):
        return wish
    if wish.part not in faults.switches:
        can = ", ".join(faults.switches) or "none of those that run here"
        raise _Refused(part=f"{wish.part} cannot be stopped here; what can: {can}.")
    if wish.part == own != "slack" and wish.for_seconds is None:
        raise _Refused(
            for_seconds="Say for how long: nobody can start a part at the address that it is stopped at."
        )
    return wish


def _problems(error: ValidationError) -> dict[str, str]:
    """One sentence for each field; the kind stands before the fields in pydantic's own account."""
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False):
        place = each["loc"]
        usual = "kind" if each["type"].startswith("union_tag") else "body"
        name = str(place[-1]) if place else usual
        found[name] = each["msg"]
    return found


def _worded(problems: dict[str, str]) -> dict[str, Any]:
    sentences = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
    return {"error": sentences, "problems": problems}
