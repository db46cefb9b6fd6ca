"""Commands of the platform in a box; the only module that knows the sandbox."""

import asyncio
import contextlib
import json
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table

from bot.adapters.embedded_valkey import embedded_valkey
from bot.adapters.loopback import free_port
from bot.cli import child
from bot.cli.console import err, explained, out
from bot.domain.errors import PermanentError

if TYPE_CHECKING:
    from bot.sandbox.box import Box

FIRST_PORT = 7400
KEPT = ("gitlab", "cluster", "catalog", "slack", "valkey")

Port = Annotated[int, typer.Option(help="The first port; the parts count up from it.")]
State = Annotated[Path, typer.Option(help="Where everything is kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON once all is ready.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the state and start anew.")]
Company = Annotated[Path, typer.Option(help="The catalog's entities, whose users are the people.")]
Rules = Annotated[Path | None, typer.Option(help="Rules of approval to try, as IDP_POLICY_FILE.")]
Parts = Annotated[
    list[str], typer.Argument(help="slack, gitlab, cluster, catalog; all of them if none is named.")
]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.command()(demo)
    main.command()(sandbox)


def demo(
    port: Port = FIRST_PORT,
    state: State = Path(".state"),
    company: Company = Path("catalog"),
    policy: Rules = None,
    as_json: AsJson = False,
    fresh: Fresh = False,
) -> None:
    """Run the whole platform and the bot on this machine, in a browser."""
    own = {"IDP_POLICY_FILE": str(policy.absolute())} if policy else {}
    wishes = Wishes(port, state.absolute(), company, as_json, with_bot=True, settings=own)
    _start((), wishes, fresh=fresh)


def sandbox(
    parts: Parts = [],  # noqa: B006 Typer reads the default and never changes it
    port: Port = FIRST_PORT,
    state: State = Path(".state"),
    company: Company = Path("catalog"),
    as_json: AsJson = False,
    fresh: Fresh = False,
) -> None:
    """Run parts of the platform without the bot, to develop against."""
    _start(parts, Wishes(port, state.absolute(), company, as_json, with_bot=False), fresh=fresh)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options of both commands come to; `settings` are variables of the bot's that are not the box's."""

    port: int
    state: Path
    company: Path
    as_json: bool
    with_bot: bool
    settings: Mapping[str, str] = field(default_factory=dict)


def _start(parts: Sequence[str], wishes: Wishes, *, fresh: bool) -> None:
    if fresh:
        for kept in KEPT:
            shutil.rmtree(wishes.state / kept, ignore_errors=True)
    wishes.state.mkdir(parents=True, exist_ok=True)
    with explained():
        asyncio.run(_run(parts, wishes))


async def _run(parts: Sequence[str], wishes: Wishes) -> None:
    """Start the parts and perhaps the bot, tell where they are, and stop it all on Ctrl-C."""
    stopped = asyncio.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(_opened(parts, wishes))
        description = box.description()
        log = wishes.state / "bot.log"
        ended: asyncio.Future[int] | None = None
        if wishes.with_bot:
            valkey = embedded_valkey(wishes.state, box.ports["redis"] or None)
            url = await stack.enter_async_context(valkey)
            description["redis"] = {"url": url}
            environment = _environment(box, url, wishes)
            ended = await stack.enter_async_context(child.bot(environment, log))
            ended.add_done_callback(lambda _: stopped.set())
        _tell(description, as_json=wishes.as_json)
        await stopped.wait()
        if ended and ended.done():
            raise PermanentError("The bot has ended.", f"Its log is in {log}.")
        err.print("Stopping; the next start goes on from here.")


def _opened(parts: Sequence[str], wishes: Wishes) -> contextlib.AbstractAsyncContextManager["Box"]:
    try:
        from bot.sandbox import box  # noqa: PLC0415 an installation without the extra has no sandbox
    except ImportError as error:
        raise PermanentError(
            f"The sandbox needs a package that is not installed ({error.name}).",
            "Install idp-bot with its extra: pip install 'idp-bot[sandbox]'.",
        ) from error
    if unknown := set(parts) - set(box.PARTS):
        known = ", ".join(box.PARTS)
        raise PermanentError(f"There is no part {unknown.pop()}.", f"Name some of {known}.")
    return box.opened(
        parts=parts or box.PARTS,
        first_port=wishes.port,
        folder=wishes.state,
        company=wishes.company,
        seed=child.bootstrap,
    )


def _environment(box: "Box", redis_url: str, wishes: Wishes) -> dict[str, str]:
    port = box.ports["bot"] or free_port()
    return {
        **box.environment(),
        **wishes.settings,
        "REDIS_URL": redis_url,
        "IDP_STATE_DIR": str(wishes.state),
        "IDP_HTTP_PORT": str(port),
        "IDP_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _tell(description: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(description), flush=True)  # noqa: T201 Rich would wrap the line
        return
    table = Table.grid(padding=(0, 2))
    for name, told in description.items():
        address = told if isinstance(told, str) else next(iter(told.values()))
        table.add_row(name, address)
    page = description.get("page")
    title = f"Open [bold]{page}[/] and type /idp new-app" if page else "The sandbox is running"
    out.print(Panel(table, title=title, subtitle="Ctrl-C stops it", expand=False))
