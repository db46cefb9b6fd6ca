"""Serve the workspace: Web API, Socket Mode and page on one port."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.applications import Starlette

from bot.sandbox.faults import Faults, front
from bot.sandbox.serving import LOOPBACK, served
from bot.sandbox.slack import outages
from bot.sandbox.slack import workspace as workspaces
from bot.sandbox.slack.api import answers, routes
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.api.socket_mode import SocketMode
from bot.sandbox.slack.identity import IDP_BOT, Person, SlackApp
from bot.sandbox.slack.page import acting, inspection, pages
from bot.sandbox.slack.workspace import Workspace

NO_LINKS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SlackWorkspace:
    """Where the workspace is, and what an app needs to take part in it."""

    page: str
    api_url: str
    bot_token: str
    app_token: str
    signing_secret: str


@contextlib.asynccontextmanager
async def serve(  # noqa: PLR0913 - what a workspace may be, by name
    *,
    port: int,
    state_dir: Path,
    people: Sequence[Person],
    links: Mapping[str, str] = NO_LINKS,
    app: SlackApp = IDP_BOT,
    rate_limits: bool = False,
    faults: Faults | None = None,
) -> AsyncIterator[SlackWorkspace]:
    """Serve a workspace; started again on the same folder it goes on where it was.

    Args:
        port: on loopback; 0 takes a free one.
        state_dir: the workspace's own folder.
        people: who can be chosen at the page.
        links: other parts of the platform, for the page's sidebar.
        app: what its manifest would say.
        rate_limits: whether Slack's limits hold.
        faults: what may go wrong; without it this workspace has a store of its own.
    """
    with workspaces.opened(
        state_dir, people, app=app, links=links, rate_limits=rate_limits
    ) as workspace:
        faults = faults or Faults()
        outages.follow(workspace, faults)
        faulty = front(_application(workspace), "slack", faults, exposed=outages.is_from_app)
        async with served(faulty, port) as listening:
            workspace.address = f"http://{LOOPBACK}:{listening}"
            known = workspace.credentials
            try:
                yield SlackWorkspace(
                    page=f"{workspace.address}/",
                    api_url=f"{workspace.address}/api/",
                    bot_token=known.bot_token,
                    app_token=known.app_token,
                    signing_secret=known.signing_secret,
                )
            finally:
                workspace.changes.close()
                await workspace.delivery.close()


def _application(workspace: Workspace) -> Starlette:
    socket_mode = SocketMode()
    extra = {"apps.connections.open": socket_mode.connections_open, "api.test": _api_test}
    return Starlette(
        routes=[
            *routes.routes(workspace, extra),
            socket_mode.route(workspace),
            answers.route(workspace),
            *inspection.routes(workspace),
            *acting.routes(workspace),
            *pages.routes(workspace),
        ]
    )


async def _api_test(_workspace: Workspace, given: Arguments) -> dict[str, Any]:
    return {"args": {key: value for key, value in given.items() if key != "token"}}
