"""Look at jobs in the terminal."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Column, Table

from bot import app
from bot.cli.console import err, explained, out, settings_or_exit, shown
from bot.domain import duration
from bot.domain.causes.known import cause_named
from bot.domain.job import Job, StepRecord
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.undoing import way_back
from bot.ports.job_store import Event
from bot.settings import StateSettings
from bot.usecases.look_up import look_up, recent

COLOURS = {
    "done": "green",
    "failed": "red",
    "undoing": "yellow",
    "undone": "yellow",
    "cancelled": "yellow",
    "declined": "yellow",
    "retrying": "yellow",
    "running": "blue",
    "waiting": "cyan",
    "waiting-approval": "magenta",
    "break-glass": "red",
    "review open": "yellow",
    "review overdue": "red",
    "review-overdue": "red",
}

ENOUGH = 120
WIDE = ("Job", "Kind", "Name", "Team", "State", "Asked by", "Asked at", "Took")
NARROW = ("Job\nKind", "Name\nTeam", "State\nTook", "Asked at\nAsked by")


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command()(jobs)


def jobs(
    job: Annotated[str, typer.Argument(help="A job's id, or the name that it makes.")] = "",
    limit: Annotated[int, typer.Option(help="How many jobs to list.")] = 20,
) -> None:
    """List the newest jobs, or show one with its steps and its history."""
    with explained():
        asyncio.run(_show(job) if job else _list(limit))


async def _list(limit: int) -> None:
    async with app.opened_stores(settings_or_exit(StateSettings)) as (store, _):
        found = await recent(jobs=store, limit=limit)
    out.print(_table_of(found) if found else "There are no jobs yet.")


async def _show(words: str) -> None:
    async with app.opened_stores(settings_or_exit(StateSettings)) as (store, _):
        found = await look_up(words, jobs=store, may_see=lambda _: True)
        if not found:
            err.print(f"There is no job “{words}”; `jobs` without a name lists them.")
            raise typer.Exit(1)
        history = await store.history(found.id)
    out.print(_table_of([found]), _steps_of(found), _history_of(history))


def _table_of(found: Sequence[Job]) -> Table:
    """A row for each; where there is little room, two things share a column, one below the other."""
    heads = WIDE if out.width >= ENOUGH else NARROW
    table = Table(*map(_folding, heads), show_lines=heads is NARROW)
    for job in found:
        cells = _cells_of(job)
        table.add_row(*("\n".join(cells[name] for name in head.split("\n")) for head in heads))
    return table


def _cells_of(job: Job) -> dict[str, str]:
    request = job.request
    return {
        "Job": job.id,
        "Kind": request.kind,
        "Name": shown(request.name),
        "Team": request.owner.name,
        "State": _standing(job),
        "Asked by": shown(request.requester.name),
        "Asked at": f"{job.created_at:%Y-%m-%d %H:%M:%S}",
        "Took": duration.in_short(job.finished_at - job.created_at) if job.finished_at else "",
    }


def _folding(head: str) -> Column:
    """Ids and dates are whole; what does not fit otherwise goes on in the next line and is never cut off."""
    return Column(head, overflow="fold", no_wrap=head.startswith(("Job", "Asked at")))


def _standing(job: Job) -> str:
    """The state, and that a broken glass has not been reviewed."""
    if not job.unreviewed_glass:
        return _coloured(job.state)
    review = "review overdue" if job.is_review_overdue else "review open"
    return f"{_coloured(job.state)}\n{_coloured(review)}"


def _steps_of(job: Job) -> Table:
    """All steps of its pipeline, and where it goes back those that take them back, in the order in which they run."""
    heads = ("Step", "State", "Tries", "Took", "Remark")
    table = Table(*map(_folding, heads), title="Steps")
    pipeline = PIPELINES[job.request.kind]
    back = way_back(pipeline, job).steps[::-1] if job.goes_back else ()
    for step in (*pipeline.steps, *back):
        record = job.step(step.name)
        tries = str(record.attempts or "")
        row = (step.title, _coloured(record.state), tries, _took(record), shown(_remark(record)))
        table.add_row(*row)
    return table


def _remark(record: StepRecord) -> str:
    """What was said of it, with the meaning of a known cause and who can do what about it."""
    known = cause_named(record.cause)
    meaning, who = (f"{known.meaning} ", f" ({known.helper})") if known else ("", "")
    fix = f"What to do{who}: {record.fix}" if record.fix else ""
    return "\n".join(filter(None, (record.reason, f"{meaning}{fix}".strip())))


def _took(record: StepRecord) -> str:
    if not record.started_at or not record.finished_at:
        return ""
    return f"{(record.finished_at - record.started_at).total_seconds():.1f} s"


def _history_of(events: Sequence[Event]) -> Table:
    table = Table(*map(_folding, ("#", "At", "What", "Step", "Detail")), title="History")
    for event in events:
        at = f"{event.at:%H:%M:%S.%f}"[:-3]
        table.add_row(
            str(event.version), at, _coloured(event.what), event.step, shown(_detail_of(event))
        )
    return table


def _detail_of(event: Event) -> str:
    """Who wanted it, and why it came about."""
    return ": ".join(filter(None, (event.by.name if event.by else "", event.detail)))


def _coloured(word: str) -> str:
    colour = COLOURS.get(word)
    return f"[{colour}]{word}[/]" if colour else word
