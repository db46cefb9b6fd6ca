"""The shell script that runs a job's commands, each shown before it runs."""

import shlex
from collections.abc import Sequence
from typing import Final

from bot.sandbox.runner.joblog import COMMAND, coloured

_START: Final = "set -eo pipefail\nset +o noclobber\n"


def script(commands: Sequence[str]) -> str:
    """All commands in one shell, so that what one sets the next one sees; the first failure ends it."""
    return _START + "".join(_shown(command) + command.rstrip() + "\n" for command in commands)


def _shown(command: str) -> str:
    lines = command.strip().splitlines() or [""]
    more = " # collapsed multi-line command" if len(lines) > 1 else ""
    return f"printf '%s\\n' {shlex.quote(coloured(f'$ {lines[0]}{more}', COMMAND))}\n"
