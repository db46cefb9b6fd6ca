"""The long-running commands: the bot in one process, or its Slack side and its workers apart."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
import typer

from bot import app
from bot.cli.console import (
    explained,
    log_to_stderr,
    refuse_environment,
    settings_or_exit,
)
from bot.cli.ending import asked_to_end, end_within
from bot.settings import Settings, what_is_not_there

log = structlog.get_logger()

Part = Callable[[app.Bot], Awaitable[None]]
DRAIN_SECONDS = 25
LAST_SECOND = 29  # half a minute is what Kubernetes grants


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.command()(run)
    main.command()(slack)
    main.command()(worker)


def run() -> None:
    """Run the whole bot: listen to Slack and work on jobs."""
    _run(app.run_slack, app.run_worker)


def slack() -> None:
    """Only listen to Slack; workers run elsewhere."""
    _run(app.run_slack)


def worker() -> None:
    """Only work on jobs; the Slack side runs elsewhere."""
    _run(app.run_worker)


def _run(*parts: Part) -> None:
    settings = settings_or_exit(Settings)
    if problems := what_is_not_there(settings):
        refuse_environment(problems)
    log_to_stderr(settings.idp_log_format)
    with explained():
        asyncio.run(_until_stopped(settings, parts))


async def _until_stopped(settings: Settings, parts: tuple[Part, ...]) -> None:
    """Run until it is asked to end, then let the current steps end; a part that breaks ends the process."""
    stopped = asked_to_end()
    listens = app.run_slack in parts
    async with app.opened(settings, listens=listens) as bot, app.serving(bot):
        log.info("bot.started", parts=[part.__name__ for part in parts])
        at_work = [asyncio.ensure_future(part(bot)) for part in parts]
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait([waiting, *at_work], return_when=asyncio.FIRST_COMPLETED)
        log.info("bot.stopping")
        end_within(LAST_SECOND)
        bot.runner.stop()
        for task in (waiting, *at_work):
            task.cancel()
        _, late = await asyncio.wait(at_work, timeout=DRAIN_SECONDS)
        log.info("bot.stopped", unfinished=len(late))
        for task in at_work:
            if task.done() and not task.cancelled():
                task.result()
