"""Hold new requests back for a while: before maintenance, or in an incident."""

import asyncio
import getpass
from datetime import datetime
from string import whitespace
from typing import Annotated

import typer

from bot import app, connections
from bot.cli.console import explained, out, settings_or_exit, shown
from bot.domain.audit import AuditEntry, EntryKind
from bot.domain.limits import Freeze
from bot.settings import StateSettings


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command()(freeze)


def freeze(
    reason: Annotated[str, typer.Option(help="Why; everybody who asks is told.")] = "",
    end: Annotated[bool, typer.Option("--end", help="Take new requests again.")] = False,
) -> None:
    """Refuse new requests with a reason while running jobs finish; without options, say how it stands."""
    if reason and end:
        raise typer.BadParameter("give a reason or --end, not both")
    words = reason.strip(f".{whitespace}")
    if reason and not words:
        raise typer.BadParameter("say why, in words: everybody who asks is told")
    with explained():
        asyncio.run(_freeze(f"{words}." if words else "", end=end))


async def _freeze(sentence: str, *, end: bool) -> None:
    by, now = getpass.getuser(), connections.clock()
    async with app.opened_stores(settings_or_exit(StateSettings)) as (jobs, audit):
        if sentence:
            await audit.record([_entry("freeze", by, now, detail=sentence)])
            await jobs.freeze(Freeze(reason=sentence, by=by, since=now))
        elif end:
            await audit.record([_entry("unfreeze", by, now)])
            await jobs.freeze(None)
        frozen = await jobs.frozen()
        running = len(await jobs.unfinished())
    told = (
        f"Frozen by {frozen.by} since {frozen.since:%Y-%m-%d %H:%M} UTC: {frozen.reason}"
        if frozen
        else "New requests are taken."
    )
    out.print(shown(told), highlight=False)
    out.print(f"Jobs under way: {running}", highlight=False)


def _entry(what: str, by: str, at: datetime, detail: str = "") -> AuditEntry:
    """Written down before it is done: better one too many than one too few."""
    who = f"operator:{by}"
    return AuditEntry(kind=EntryKind.REQUEST, at=at, what=what, who=who, detail=detail)
