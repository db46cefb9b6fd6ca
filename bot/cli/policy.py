"""Commands about the approval policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from bot.adapters import policy_file
from bot.cli.console import explained, out, settings_or_exit
from bot.domain.duration import in_short
from bot.domain.policy import Conditions, Policy, Rule
from bot.settings import PolicySettings

File = Annotated[
    Path | None,
    typer.Argument(help="IDP_POLICY_FILE without one, and the bot's own rules without both."),
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
    """Say whether a policy file is right and fits the templates and environments, and show its rules."""
    settings = settings_or_exit(PolicySettings)
    file = file or settings.idp_policy_file
    templates = settings.idp_templates_dir if settings.idp_templates_dir.is_dir() else None
    environments = [each.name for each in settings.idp_environments] or None
    with explained():
        rules = policy_file.fitting(file, templates=templates, environments=environments)
        out.print(_table(rules))
        told = f"{file} is right" if file else "These are the bot's own rules"
        out.print(f"{told}: {len(rules.rules)} rules, of which the first that fits decides.")
    if templates is None:
        out.print("Names of templates were not checked: set IDP_TEMPLATES_DIR.")
    if environments is None:
        out.print("Names of environments were not checked: set IDP_ENVIRONMENTS.")


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
        yield f"reviewed by {' or '.join(glass.review.groups)} within {in_short(glass.review.within)}"


def _until(rule: Rule) -> str:
    if not rule.stages:
        return ""
    told = [in_short(rule.expires_after)]
    if rule.remind_after:
        told.append(f"reminder after {in_short(rule.remind_after)}")
    if rule.escalate_after:
        told.append(f"{' or '.join(rule.escalate_to)} after {in_short(rule.escalate_after)}")
    return "\n".join(told)
