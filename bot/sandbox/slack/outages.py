"""Slack is down: for apps, not for the page, which is where one ends it."""

from starlette.types import Scope

from bot.sandbox.faults import Faults
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.workspace import Workspace

APP_PATHS = ("/api/", "/actions/", "/link/")


def is_from_app(scope: Scope) -> bool:
    """Whether the app asks; people at the page, and tests that act for them, meet no fault."""
    path: str = scope["path"]
    return path.startswith(APP_PATHS)


def follow(workspace: Workspace, faults: Faults) -> None:
    """Close the sockets when Slack is to be down, and tell the pages of every change of the faults."""

    async def switched(is_up: bool) -> None:  # noqa: FBT001 - a switch is a boolean
        workspace.delivery.is_down = not is_up
        if not is_up:
            await workspace.delivery.sockets.cut()
        workspace.changes.tell(Change("sidebar"))

    def counted() -> None:
        workspace.faults_on = len(faults.listed())
        workspace.changes.tell(Change("sidebar"))

    faults.switches["slack"] = switched
    faults.follow(counted)
