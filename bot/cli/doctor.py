"""Check everything that the bot needs, and say how to mend what is missing."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from bot import app
from bot.cli.console import err, explained, out, settings_or_exit
from bot.ports.finding import Finding, Verdict
from bot.settings import Settings
from bot.usecases.diagnose import diagnose

AsJson = Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")]

STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Check every system that the bot needs; ends with 1 where something is missing."""
    settings = settings_or_exit(Settings)
    with explained(), err.status("Looking at every system"):
        findings = asyncio.run(_found(settings))
    is_well = all(finding.verdict is not Verdict.FAILED for finding in findings)
    if as_json:
        told = [finding.model_dump(mode="json") for finding in findings]
        print(json.dumps({"ok": is_well, "findings": told}, indent=2))  # noqa: T201 Rich would wrap it
    else:
        out.print(_table_of(findings), _summary(findings))
    if not is_well:
        raise typer.Exit(1)


async def _found(settings: Settings) -> Sequence[Finding]:
    async with app.checks(settings) as checkups:
        return await diagnose(checkups)


def _table_of(findings: Sequence[Finding]) -> Table:
    table = Table("System", "Check", Column("Result and fix", overflow="fold"))
    before = ""
    for finding in findings:
        if before and finding.system != before:
            table.add_section()
        result = Text(f"{finding.verdict}: ", STYLES[finding.verdict]).append(
            "\n".join(filter(None, (finding.detail, finding.fix))), "none"
        )
        system = finding.system if finding.system != before else ""
        table.add_row(Text(system, "bold"), Text(finding.check), result)
        before = finding.system
    return table


def _summary(findings: Sequence[Finding]) -> Text:
    count = {verdict: sum(f.verdict is verdict for f in findings) for verdict in Verdict}
    failures, warnings = count[Verdict.FAILED], count[Verdict.WARNING]
    if failures:
        return Text(f"{failures} failed, {warnings} to look at.", STYLES[Verdict.FAILED])
    if warnings:
        return Text(f"The bot can work; {warnings} to look at.", STYLES[Verdict.WARNING])
    return Text("All is well.", STYLES[Verdict.OK])
