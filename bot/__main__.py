"""The command line: `python -m bot`, or `idp-bot` where it is installed."""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

FAMILIES = {
    "run": "processes",
    "slack": "processes",
    "worker": "processes",
    "demo": "box",
    "sandbox": "box",
    "bootstrap": "platform",
    "templates": "platform",
    "pipelines": "platform",
    "policy": "policy",
    "doctor": "doctor",
    "jobs": "jobs",
    "freeze": "freeze",
    "audit": "audit",
}
"""Which module of `bot.cli` has a command."""


class OnDemand(TyperGroup):
    """Imports what the command at hand needs: Slack, Kubernetes and the rest take seconds together."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(FAMILIES)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            # A word that is no command needs all of them, to find the one that was meant.
            modules = (FAMILIES[cmd_name],) if cmd_name in FAMILIES else FAMILIES.values()
            for module in dict.fromkeys(modules):
                family = typer.Typer()
                importlib.import_module(f"bot.cli.{module}").register(family)
                self.commands.update(typer.main.get_group(family).commands)
        return self.commands.get(cmd_name)


main = typer.Typer(
    name="idp-bot",
    cls=OnDemand,
    help="A Slack bot that takes a developer from a form to a live URL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@main.callback()
def _group() -> None:
    """Hold the commands together."""


if __name__ == "__main__":
    main()
