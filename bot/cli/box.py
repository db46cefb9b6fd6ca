"""Commands of the platform in a box; the only module that knows the sandbox."""

import typer


def register(main: typer.Typer) -> None:
    """Add the commands."""
