"""Commands about the approval policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from bot.adapters.policy_file import read_policy
from bot.cli.console import explained, out
from bot.domain import policy
from bot.domain.policy import Conditions, Policy, Rule

File = Annotated[
    Path | None, typer.Argument(envvar="IDP_POLICY_FILE", help="The bot's own rules without one.")
]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at the rules that say who has to agree to what.")
    group.command()(check)
    group.callback()(_group)
    main.add_typer(group, name="policy")


def _group() -> None:
    """Look at the rules that say who has to agree to what."""


def check(file: File = None) -> None:
    """Say whether a policy file is right, and show its rules."""
    with explained():
        rules = read_policy(file) if file else policy.DEFAULT
        out.print(_table(rules))
        told = f"{file} is right" if file else "These are the bot's own rules"
        out.print(f"{told}: {len(rules.rules)} rules, of which the first that fits decides.")


def _table(rules: Policy) -> Table:
    who = Column("Who has to agree", overflow="fold")
    table = Table("Rule", "When", who, "Until", box=None, pad_edge=False)
    for rule in rules.rules:
        table.add_row(rule.name, _when(rule.when), _who(rule), _until(rule))
    return table


def _when(when: Conditions) -> str:
    given = when.model_dump(mode="json", exclude_defaults=True)
    said = (f"{name}: {_words(value)}" for name, value in given.items())
    return "\n".join(said) or "always"


def _words(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def _who(rule: Rule) -> str:
    stages = (f"{stage.needed} of {' or '.join(stage.groups)}" for stage in rule.stages)
    return "\n".join([",\nthen ".join(stages) or "nobody", *_break_glass(rule)])


def _break_glass(rule: Rule) -> Iterator[str]:
    if glass := rule.break_glass:
        yield f"break-glass: {' or '.join(glass.groups)},"
        yield f"reviewed by {' or '.join(glass.review.groups)} within {glass.review.within}"


def _until(rule: Rule) -> str:
    if not rule.stages:
        return ""
    told = [f"{rule.expires_after}"]
    if rule.remind_after:
        told.append(f"reminder after {rule.remind_after}")
    if rule.escalate_after:
        told.append(f"{' or '.join(rule.escalate_to)} after {rule.escalate_after}")
    return "\n".join(told)
