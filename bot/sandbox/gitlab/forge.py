"""Everything that one running GitLab consists of, handed to whoever serves a request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.sandbox.faults import Faults
from bot.sandbox.gitlab import model
from bot.sandbox.gitlab.git import repository
from bot.sandbox.gitlab.store import Store

T = TypeVar("T")

VERSION = "18.5.0"
REVISION = "sandbox"


async def _none_runs(_: set[int]) -> None:
    """Nothing to stop before the executor runs."""


@dataclass(slots=True)
class Forge:
    """The state, and what is known once it is served: its address, and the token that reads."""

    root: Path
    store: Store
    repositories: repository.Repositories
    url: str = ""
    read_token: str = ""
    faults: Faults = field(default_factory=Faults)
    on_jobs_ready: Callable[[int], None] = lambda _: None
    on_deliveries_ready: Callable[[], None] = lambda: None
    stop_pipelines: Callable[[set[int]], Awaitable[None]] = _none_runs

    @property
    def registry_host(self) -> str:
        """What an image name starts with."""
        return self.url.partition("://")[2]

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC)

    @property
    def settings(self) -> model.Settings:
        """What administrators have set, or else its defaults."""
        return self.store.settings.get(1) or model.Settings()

    def namespace_of(self, project: model.Project) -> model.Namespace:
        """Where a project lives."""
        return self.store.namespaces[project.namespace_id]

    def full_path(self, project: model.Project) -> str:
        """A project's path with its namespace."""
        return f"{self.namespace_of(project).full_path}/{project.path}"

    def web_url(self, project: model.Project) -> str:
        """The project's page."""
        return f"{self.url}/{self.full_path(project)}"

    def project_at(self, path: str) -> model.Project | None:
        """The project with a full path, compared as GitLab does: case-blind."""
        wanted = path.strip("/").lower()
        return self.store.projects.first(lambda each: self.full_path(each).lower() == wanted)

    def namespace_at(self, path: str) -> model.Namespace | None:
        """The group or personal namespace with a full path."""
        wanted = path.strip("/").lower()
        return self.store.namespaces.first(lambda each: each.full_path.lower() == wanted)

    def user_named(self, username: str) -> model.User | None:
        """The user with a user name."""
        wanted = username.lower()
        return self.store.users.first(lambda each: each.username.lower() == wanted)

    def ancestors(self, namespace: model.Namespace) -> list[model.Namespace]:
        """A namespace and all that it lies in, the inner one first."""
        found = [namespace]
        while (parent := self.store.namespaces.get(found[-1].parent_id)) is not None:
            found.append(parent)
        return found

    def descendants(self, namespace: model.Namespace) -> list[model.Namespace]:
        """A namespace and all that lies in it."""
        inside = f"{namespace.full_path}/"
        return [
            each
            for each in self.store.namespaces.where()
            if each.id == namespace.id or each.full_path.startswith(inside)
        ]

    async def git(
        self,
        call: Callable[..., T],
        project: model.Project,
        *args: object,
        **options: object,
    ) -> T:
        """Do something with a project's repository, outside the event loop."""
        path = self.repositories.path(project.id)
        return await asyncio.to_thread(call, path, *args, **options)
