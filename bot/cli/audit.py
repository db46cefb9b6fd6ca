"""Commands about the audit: take it out, note where it ends, and see whether anybody has meddled with it."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot import app
from bot.cli.console import err, explained, out, settings_or_exit
from bot.domain.audit import End, Inspection
from bot.domain.digest import canonical
from bot.settings import StateSettings
from bot.usecases.inspect_audit import inspect_audit

AT_MOST_SHOWN = 20
HELP = "Read what was asked, decided, done and refused, and verify that it is all there, as it was."

Anchors = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="What `audit head` or `audit export` said at some time; may be given several times.",
    ),
]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=HELP)
    group.command()(export)
    group.command()(head)
    group.command()(verify)
    group.callback()(_group)
    main.add_typer(group, name="audit")


def _group() -> None:
    """Read what was asked, decided, done and refused, and verify that it is all there, as it was."""


def export(
    after: Annotated[int, typer.Option(min=0, help="Leave out entries up to this number.")] = 0,
) -> None:
    """Print every entry as a line of JSON, the oldest first."""
    with explained():
        asyncio.run(_export(after))


async def _export(after: int) -> None:
    async with app.opened_stores(settings_or_exit(StateSettings)) as (_, audit):
        number = 0
        async for line in audit.lines():
            number += 1
            if number > after:
                typer.echo(line)


def head() -> None:
    """Print the number and the hash of the last entry: keep them elsewhere, for `verify --anchor`."""
    with explained():
        end = asyncio.run(_head())
    typer.echo(canonical(end.model_dump(mode="json")))


async def _head() -> End:
    async with app.opened_stores(settings_or_exit(StateSettings)) as (_, audit):
        return await audit.end()


def verify(anchor: Anchors = None) -> None:
    """Find any entry that was removed, changed, reordered or put in by hand; exit code 1 if there is one.

    Who can write to Redis as they like can make the whole chain anew. Only an anchor that they could not reach shows it.
    """
    anchors = [pair for file in anchor or [] for pair in _anchors_in(file)]
    with explained():
        inspection = asyncio.run(_verify(anchors))
    if inspection.faults:
        for fault in inspection.faults[:AT_MOST_SHOWN]:
            err.print(fault, style="bold red", highlight=False)
        if (more := len(inspection.faults) - AT_MOST_SHOWN) > 0:
            err.print(f"And {more} more like these.")
        raise typer.Exit(1)
    end = inspection.end
    out.print(f"{end.number} entries, each as it was recorded.", highlight=False)
    if anchors:
        out.print(f"They hold all that was noted before: {len(anchors)}.", highlight=False)
    out.print(f"The last one: {end.hash or 'none'}", highlight=False)


async def _verify(anchors: Sequence[tuple[int, str]]) -> Inspection:
    async with app.opened_stores(settings_or_exit(StateSettings)) as (_, audit):
        return await inspect_audit(audit, anchors=anchors)


def _anchors_in(file: Path) -> list[tuple[int, str]]:
    """The numbers and hashes of a file, one on each line."""
    try:
        noted = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [(int(each["number"]), str(each["hash"])) for each in noted]
    except (ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"{file} is nothing that `audit head` or `export` said") from error
