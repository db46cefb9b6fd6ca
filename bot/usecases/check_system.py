"""Check a new system against the catalog, before anything is made."""

import asyncio

from bot.domain.request import SystemRequest
from bot.ports.bundle import Ports


async def problems_of(
    request: SystemRequest, ports: Ports, *, instead_of: SystemRequest | None = None
) -> dict[str, str]:
    """A sentence for each field that the catalog refuses; what was asked for before does not stand in its own way."""
    known, owner = await asyncio.gather(
        ports.catalog.find(request.ref), ports.catalog.find(request.owner)
    )
    problems = {}
    if known and not (instead_of and instead_of.ref == request.ref):
        problems["name"] = f"The catalog already has a system {request.slug}; choose another name."
    if not owner:
        problems["owner"] = f"The catalog has no group {request.owner.name}."
    return problems
