"""Commands of the platform in a box; the only module that knows the sandbox."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.adapters import policy_file
from bot.adapters.embedded_valkey import embedded_valkey, is_running
from bot.adapters.loopback import free_port
from bot.cli import child, ports, state_folder
from bot.cli.console import err, explained, out
from bot.cli.ending import asked_to_end
from bot.domain.errors import PermanentError

if TYPE_CHECKING:
    from bot.sandbox.box import Box

TEMPLATES = Path("templates")
REPOSITORY = (Path("helm"), TEMPLATES)
"""What the platform is made of beside the catalog's entities; `make` runs where they are."""

Port = Annotated[
    int | None,
    typer.Option(
        help=f"The first port; the parts count up from it, and 0 takes free ones. Without it: {ports.USUAL}, or the"
        " one that the state was made on.",
        show_default=False,
    ),
]
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
    port: Port = None,
    state: State = Path(".state"),
    company: Company = Path("catalog"),
    policy: Rules = None,
    as_json: AsJson = False,
    fresh: Fresh = False,
) -> None:
    """Run the whole platform and the bot on this machine, in a browser."""
    wishes = Wishes(port, state.absolute(), company, as_json, with_bot=True, policy=policy)
    _start((), wishes, fresh=fresh)


def sandbox(
    parts: Parts = [],  # noqa: B006 Typer reads the default and never changes it
    port: Port = None,
    state: State = Path(".state"),
    company: Company = Path("catalog"),
    as_json: AsJson = False,
    fresh: Fresh = False,
) -> None:
    """Run parts of the platform without the bot, to develop against."""
    _start(parts, Wishes(port, state.absolute(), company, as_json, with_bot=False), fresh=fresh)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options of both commands come to."""

    port: int | None
    state: Path
    company: Path
    as_json: bool
    with_bot: bool
    policy: Path | None = None


def _start(parts: Sequence[str], wishes: Wishes, *, fresh: bool) -> None:
    """Refuse what cannot go well before anything is removed or made; then run until the end."""
    with explained():
        box = _sandbox()
        parts = _known(parts, box.PARTS)
        _ensure_readable(parts, wishes, box.ENVIRONMENT)
        with state_folder.held(wishes.state):
            before = None if fresh else state_folder.first_port(wishes.state)
            first = ports.chosen(wishes.port, before, count=len(box.LISTENERS))
            asyncio.run(_end_what_was_left(wishes.state, box, fresh=fresh))
            if first:
                wanted = box.Numbers(first).of((*parts, *_of_bot(wishes)))
                ports.ensure_free(wanted, is_bound=before is not None)
            if fresh:
                state_folder.forget(wishes.state)
            if first:
                state_folder.note_first_port(wishes.state, first)
            opened = box.opened(
                parts=parts,
                first_port=first,
                folder=wishes.state,
                company=wishes.company,
                seed=partial(child.bootstrap, wishes.company),
            )
            asyncio.run(_run(opened, wishes))


def _sandbox() -> ModuleType:
    try:
        from bot.sandbox import box  # noqa: PLC0415 an installation without the extra has no sandbox
    except ImportError as error:
        raise PermanentError(
            f"The sandbox needs a package that is not installed ({error.name}).",
            "Install idp-bot with its extra: pip install 'idp-bot[sandbox]'.",
        ) from error
    return box


def _known(parts: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    if unknown := set(parts) - set(known):
        raise PermanentError(
            f"There is no part {unknown.pop()}.", f"Name some of {', '.join(known)}."
        )
    return parts or known


def _ensure_readable(parts: Sequence[str], wishes: Wishes, environment: str) -> None:
    """Find out whether all is here that the platform is made from."""
    if not wishes.company.is_dir():
        raise PermanentError(
            f"There is no folder {wishes.company}, from which the people and their catalog come.",
            "Run this where idp-bot's repository is, or name a folder with --company.",
        )
    missing = next((folder for folder in REPOSITORY if not folder.is_dir()), None)
    if missing and "gitlab" in parts:
        raise PermanentError(
            f"There is no folder {missing}, from which GitLab is filled.",
            "Run this where idp-bot's repository is.",
        )
    if wishes.policy:
        policy_file.fitting(wishes.policy, templates=TEMPLATES, environments=[environment])


async def _end_what_was_left(state: Path, box: ModuleType, *, fresh: bool) -> None:
    """End what outlived a demo that was killed; its Valkey goes on where its content does."""
    await child.end_left_bot(state)
    if fresh:
        await box.end_what_was_left(state)
    if fresh and is_running(state):
        async with embedded_valkey(state):
            pass  # whoever leaves it as the last one stops it


def _of_bot(wishes: Wishes) -> Sequence[str]:
    """What the bot listens on; a Valkey that outlived its demo is taken over, and is no stranger at its port."""
    if not wishes.with_bot:
        return ()
    return ("bot",) if is_running(wishes.state) else ("redis", "bot")


async def _run(opened: contextlib.AbstractAsyncContextManager["Box"], wishes: Wishes) -> None:
    """Start the parts and perhaps the bot, tell where they are, and stop it all when that is asked for."""
    stopped = asked_to_end()
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(opened)
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


def _environment(box: "Box", redis_url: str, wishes: Wishes) -> dict[str, str]:
    port = box.ports["bot"] or free_port()
    own = {"IDP_POLICY_FILE": str(wishes.policy.absolute())} if wishes.policy else {}
    return {
        **box.environment(),
        **own,
        "REDIS_URL": redis_url,
        "IDP_STATE_DIR": str(wishes.state),
        "IDP_HTTP_PORT": str(port),
        "IDP_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _tell(description: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(description), flush=True)  # noqa: T201 Rich would wrap the line
        return
    say = partial(out.print, markup=False, highlight=False, soft_wrap=True)
    page = description.get("page")
    say(f"Open {page} and type /idp new-app" if page else "The sandbox is running", style="bold")
    for name, told in description.items():
        for number, line in enumerate(_lines(name, told) if name != "page" else ()):
            say(f"{'' if number else name:<9}{line}")
    say("Ctrl-C stops it.")


def _lines(name: str, told: Mapping[str, str]) -> Iterator[str]:
    """The address, and what one has to know to use it; a line each, which no terminal's width cuts."""
    if name == "gateway":
        yield f"{told['https']}; each application has a name before localhost"
        yield f"Browsers warn of its certificate: go past that, or trust {told['ca']}"
        return
    yield next(iter(told.values()))
    if name == "gitlab":
        yield f"git: user {told['user']}, password {told['token']}"
