"""Start GitLab on a port, on what the last start left behind."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from bot.sandbox.faults import Faults, front
from bot.sandbox.gitlab import changes, seed
from bot.sandbox.gitlab.api import routes
from bot.sandbox.gitlab.api.app import Api
from bot.sandbox.gitlab.api.routing import Router
from bot.sandbox.gitlab.ci.executor import Executor
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.repository import Repositories
from bot.sandbox.gitlab.git.smart_http import Backend
from bot.sandbox.gitlab.git_http import GitHttp
from bot.sandbox.gitlab.holds import Holds
from bot.sandbox.gitlab.pages.app import Pages
from bot.sandbox.gitlab.registry.distribution import Registry
from bot.sandbox.gitlab.seed import Person
from bot.sandbox.gitlab.store import Store
from bot.sandbox.gitlab.web import Web, with_raw_path
from bot.sandbox.gitlab.webhooks.sender import Sender
from bot.sandbox.runner import toolchain
from bot.sandbox.serving import LOOPBACK, served

__all__ = ["GitLabInstance", "Person", "serve"]


@dataclass(frozen=True, slots=True)
class GitLabInstance:
    """A GitLab that runs, and what one needs to use it."""

    url: str
    token: str
    """Of the administrator `idp-bot`, with every scope."""
    read_token: str
    """Reads the API, all repositories and all images; for Backstage, Argo CD and whatever pulls images."""
    registry: str
    """`host:port` of the container registry; any user name goes with a token as the password."""


@contextlib.asynccontextmanager
async def serve(
    *, port: int, state_dir: Path, people: Sequence[Person], faults: Faults | None = None
) -> AsyncIterator[GitLabInstance]:
    """Serve GitLab until the context ends.

    Args:
        port: on the loopback interface; 0 takes a free one.
        state_dir: everything is kept here, and found again by the next start.
        people: who has an account beside the administrator; those who have one already are left alone.
        faults: what may go wrong; without it this GitLab has a store of its own.
    """
    forge = _opened(state_dir, faults or Faults())
    with contextlib.closing(forge.store):
        credentials = seed.seeded(forge, people)
        forge.read_token = credentials.read_token
        tools = await toolchain.prepare(state_dir)
        async with served(_application(forge), port) as bound:
            forge.url = f"http://{LOOPBACK}:{bound}"
            async with Sender(forge).running(), Executor(forge, tools).running():
                await changes.catch_up(forge)
                yield GitLabInstance(
                    url=forge.url,
                    token=credentials.token,
                    read_token=credentials.read_token,
                    registry=forge.registry_host,
                )


def _opened(state_dir: Path, faults: Faults) -> Forge:
    state_dir.mkdir(parents=True, exist_ok=True)
    store = Store(state_dir / "gitlab.sqlite")
    return Forge(state_dir, store, Repositories(state_dir / "repositories"), faults=faults)


def _application(forge: Forge) -> ASGIApp:
    backend = Backend.installed(forge.root / "hooks")
    web = Web(
        api=Api(forge, Router(routes.ALL)),
        git=GitHttp(forge, backend),
        registry=Registry(forge),
        pages=Pages(forge),
    )
    held = Holds(app=with_raw_path(web), store=forge.store)
    return front(held, "gitlab", forge.faults)
