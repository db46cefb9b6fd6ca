"""Whether Backstage lets the bot read its catalog."""

from typing import Any

import httpx

from bot.adapters import catalog_check
from bot.adapters.backstage import Backstage
from bot.domain.entities import EntityRef
from bot.ports.finding import Checkup, Findings, failed, ok

_SYSTEM = "Backstage"
_PAGE = 500


def checkup(catalog: Backstage, *, platform_group: EntityRef) -> Checkup:
    """Look at the token and at the platform's people."""
    return Checkup(_SYSTEM, "BACKSTAGE_URL", _findings(catalog, platform_group))


async def _findings(catalog: Backstage, platform_group: EntityRef) -> Findings:
    answer = await _send(catalog, filter="kind=group", limit=1, fields="metadata.name")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        yield ok(_SYSTEM, "reachable", "Its catalog answers.")
        fix = "Put a token of `backend.auth.externalAccess` into BACKSTAGE_TOKEN."
        yield failed(_SYSTEM, "token", "Backstage refused the bot's token.", fix)
        return
    _items(catalog, answer)
    yield ok(_SYSTEM, "reachable", "Its catalog answers.")
    yield ok(_SYSTEM, "token", "It may read the catalog.")
    people = catalog_check.findings(_SYSTEM, catalog, platform_group=platform_group)
    async for finding in people:
        yield finding


async def teams(catalog: Backstage) -> list[str]:
    """The names of the groups of type `team`.

    Raises:
        TemporaryError: Backstage cannot be reached.
        PermanentError: it refuses to answer.
    """
    found: list[str] = []
    asked: dict[str, Any] | None = {"filter": "kind=group,spec.type=team"}
    while asked:
        answer = await _send(catalog, **asked, limit=_PAGE, fields="metadata.name")
        page = _items(catalog, answer)
        found += [each["metadata"]["name"] for each in page["items"]]
        cursor = page.get("pageInfo", {}).get("nextCursor")
        asked = {"cursor": cursor} if cursor else None
    return found


async def _send(catalog: Backstage, **asked: Any) -> httpx.Response:
    send = catalog._send  # noqa: SLF001 the very connection that is examined
    return await send("GET", "/entities/by-query", "list groups", params=asked)


def _items(catalog: Backstage, answer: httpx.Response) -> Any:
    return catalog._ok(answer, "list groups").json()  # noqa: SLF001 refusals in the adapter's own words
