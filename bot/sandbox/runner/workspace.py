"""A fresh checkout for one job, with a home folder that is its own."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.sandbox.runner import process
from bot.sandbox.runner.host import Checkout
from bot.sandbox.runner.joblog import GOOD, JobLog
from bot.sandbox.runner.process import Limits

_DEPTH: Final = "20"
_LOCALE: Final = "C.UTF-8"


class CheckoutFailed(Exception):
    """The sources could not be fetched."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one job; all of them vanish with it."""

    project: Path
    home: Path
    temporary: Path

    def environment(self, path: str) -> dict[str, str]:
        """What every process of the job starts from: nothing of the sandbox's own environment."""
        return {
            "PATH": path,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": _LOCALE,
            "GIT_TERMINAL_PROMPT": "0",
        }


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Workspace]:
    """Make the folders, and remove them in the end."""
    with tempfile.TemporaryDirectory(prefix="job-", ignore_cleanup_errors=True) as name:
        yield _laid_out(Path(name))


def _laid_out(root: Path) -> Workspace:
    """The real path, so that what tools print and what CI_PROJECT_DIR says are the same."""
    root = root.resolve()
    workspace = Workspace(root / "project", root / "home", root / "tmp")
    for folder in (workspace.project, workspace.home, workspace.temporary):
        folder.mkdir()
    return workspace


async def fetch(
    workspace: Workspace,
    checkout: Checkout,
    variables: Mapping[str, str],
    log: JobLog,
    limits: Limits,
) -> None:
    """Check the commit out, as deep as GIT_DEPTH says; GIT_STRATEGY none leaves the folder empty.

    Raises:
        CheckoutFailed: git could not, for a reason that is in the log.
    """
    if variables.get("GIT_STRATEGY") == "none":
        await log.line("Skipping Git repository setup", GOOD)
        return
    depth = variables.get("GIT_DEPTH", _DEPTH)
    await log.line(
        "Fetching changes..."
        if depth == "0"
        else f"Fetching changes with git depth set to {depth}...",
        GOOD,
    )
    shallow = [] if depth == "0" else [f"--depth={depth}"]
    git = _Git(workspace, log, limits)
    await git("init", "--quiet", "--initial-branch=main", ".")
    await git("remote", "add", "origin", checkout.clone_url)
    if await git.code("fetch", "--quiet", "--no-tags", *shallow, "origin", checkout.sha):
        await git("fetch", "--quiet", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
    await log.line(
        f"Checking out {checkout.sha[:8]} as detached HEAD (ref is {checkout.ref})...", GOOD
    )
    await git("checkout", "--quiet", "--detach", checkout.sha)


class _Git:
    def __init__(self, workspace: Workspace, log: JobLog, limits: Limits) -> None:
        self._workspace = workspace
        self._log = log
        self._limits = limits

    async def __call__(self, *arguments: str) -> None:
        code = await self.code(*arguments)
        if code:
            raise CheckoutFailed(f"git {arguments[0]} ended with exit code {code}")

    async def code(self, *arguments: str) -> int:
        ended = await process.run(
            ("git", *arguments),
            cwd=self._workspace.project,
            env=self._workspace.environment(os.environ.get("PATH", os.defpath)),
            output=self._log.write,
            limits=self._limits,
        )
        return ended.code
