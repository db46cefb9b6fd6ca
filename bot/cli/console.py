"""Where commands print, and how they end when something is not as it should be."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NoReturn

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from typing_extensions import override

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.readable import is_readable
from bot.domain.secrecy import masked
from bot.settings import MissingOrMalformed, S, read_settings

AS_WIDE_AS_NEEDED = 10_000
out = Console(width=None if sys.stdout.isatty() else AS_WIDE_AS_NEEDED)
"""A terminal's width wraps tables; in a pipe or a file nothing does, so that each row is one line."""
err = Console(stderr=True)


@contextmanager
def explained() -> Iterator[None]:
    """End the command with a sentence and exit code 1 for what a person can mend, without a stack trace."""
    try:
        yield
    except (PermanentError, TemporaryError) as error:
        _say(error)
        raise typer.Exit(1) from None
    except BaseExceptionGroup as group:
        known = group.subgroup((PermanentError, TemporaryError))
        if known is None:
            raise
        for leaf in _leaves(known):
            _say(leaf)
        raise typer.Exit(1) from None


def _leaves(group: BaseException) -> Iterator[BaseException]:
    if isinstance(group, BaseExceptionGroup):
        for error in group.exceptions:
            yield from _leaves(error)
    else:
        yield group


def _say(error: BaseException) -> None:
    fix = error.fix if isinstance(error, PermanentError) else "Try again in a moment."
    cause = error.cause if isinstance(error, (PermanentError, TemporaryError)) else str(error)
    # Each on one line, however long: a terminal wraps it, and no path or address is cut in two.
    err.print(_readable(cause), style="bold red", markup=False, highlight=False, soft_wrap=True)
    err.print(_readable(fix), markup=False, highlight=False, soft_wrap=True)


def shown(text: str) -> str:
    """What people or other systems said, for a line in which Rich reads markup: neither it nor the terminal obeys it."""
    return escape(_readable(text))


def _readable(text: str) -> str:
    return "".join(c for c in text if c == "\n" or is_readable(c))


def settings_or_exit(kind: type[S]) -> S:
    """The settings, or exit code 2 with a line for each variable at fault."""
    try:
        return read_settings(kind)
    except MissingOrMalformed as error:
        refuse_environment(error.problems)


def refuse_environment(problems: Sequence[str]) -> NoReturn:
    """End the command with exit code 2 and a line for each variable at fault."""
    err.print("[bold red]The environment is not in order:[/]")
    for problem in problems:
        err.print(f"  - {problem}", markup=False, highlight=False)
    raise typer.Exit(2)


class _Masking(structlog.stdlib.ProcessorFormatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write the line, without secrets."""
        return masked(super().format(record))


def log_to_stderr(form: Literal["console", "json"]) -> None:
    """Send our events and other libraries' warnings to standard error, one line each.

    A trace of calls shows code and never the values of variables: among them are tokens. What other systems said when
    they failed may repeat a token, too, so each line is masked as a whole.
    """
    rendering: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Masking(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for noisy in ("httpx", "slack_bolt", "slack_sdk", "docket", "uvicorn", "aiohttp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
