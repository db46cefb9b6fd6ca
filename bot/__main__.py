"""The command line: `python -m bot`, or `idp-bot` where it is installed."""

import typer

from bot.cli import box, doctor, jobs, platform, processes

main = typer.Typer(
    name="idp-bot",
    help="A Slack bot that takes a developer from a form to a live URL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for family in (processes, box, platform, doctor, jobs):
    family.register(main)

if __name__ == "__main__":
    main()
