"""A pipeline's keeper for the runner's tests: repositories in a folder, and everything remembered."""

import asyncio
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.runner import config, pipeline, toolchain
from bot.sandbox.runner.host import Checkout, JobState
from bot.sandbox.runner.pipeline import Slots
from bot.sandbox.runner.plan import PipelinePlan


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it says."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, bare: Path) -> str:
    """Put a folder's content into a bare repository's main branch; the commit."""
    if not bare.exists():
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "content")
    git(folder, "push", "--quiet", str(bare), "HEAD:main")
    return git(folder, "rev-parse", "HEAD")


@dataclass
class Host:
    """Implements `PipelineHost`; what was told is in `events` and `logs`."""

    artifacts_dir: Path
    source: Checkout
    given: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    first: tuple[str, ...] = ()
    events: list[tuple[str, str]] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)
    reasons: dict[str, str | None] = field(default_factory=dict)
    to_cancel: set[str] = field(default_factory=set)
    waits: list[tuple[str, str]] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def job_waiting(self, name: str, state: JobState) -> None:
        self.waits.append((name, state.value))
        self.told.set()

    async def reopened(self) -> frozenset[str]:
        again, self.again = frozenset(self.again), set()
        return again

    async def job_started(self, name: str) -> None:
        self.events.append((name, "started"))
        self.told.set()

    async def job_log(self, name: str, chunk: bytes) -> None:
        self.logs[name] = self.logs.get(name, b"") + chunk
        self.told.set()

    async def job_finished(self, name: str, state: JobState, failure_reason: str | None) -> None:
        self.events.append((name, state.value))
        self.reasons[name] = failure_reason
        self.told.set()

    async def checkout(self, name: str) -> Checkout:
        self.logs[name] = b""
        return self.source

    async def variables(self, name: str) -> dict[str, str]:
        return {"CI_JOB_NAME": name, **self.given}

    async def pre_build_script(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 the same for every job
        return self.first

    def masked(self) -> frozenset[str]:
        return self.secrets

    async def cancelled(self, name: str) -> bool:
        return name in self.to_cancel

    def states(self) -> dict[str, str]:
        """Each job's last state."""
        return dict(self.events)

    def log(self, name: str) -> str:
        """A job's log so far."""
        return self.logs.get(name, b"").decode()

    async def has_logged(self, name: str, text: str) -> None:
        """Wait until a job's log holds a text."""
        while text not in self.log(name):
            self.told.clear()
            await self.told.wait()


@dataclass
class Bench:
    """A repository with one commit, and a place to run pipelines on it."""

    folder: Path

    def host(self, **given: str) -> Host:
        """A host for one pipeline on the repository's only commit."""
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "README.md").write_text("# Hello\n")
        bare = self.folder / "source.git"
        return Host(
            self.folder / "artifacts", Checkout(str(bare), commit(source, bare), "main"), given
        )

    async def run(
        self,
        text: str,
        host: Host,
        *,
        skip: Mapping[str, JobState] | None = None,
        play: frozenset[str] = frozenset(),
        slots: Slots | None = None,
        news: asyncio.Event | None = None,
    ) -> PipelinePlan:
        """Parse a configuration and run it."""
        plan = config.parse(text, variables=host.given)
        tools = await toolchain.prepare(self.folder / "state")
        await pipeline.run(
            plan, host, toolchain=tools, skip=skip or {}, play=play, slots=slots, news=news
        )
        return plan
