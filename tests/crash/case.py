"""One job in a database of its own, and the workers that are started for it and come to grief."""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from bot import app
from bot.cli.child import free_port
from bot.domain.approval import Verdict
from bot.domain.job import Job, JobState, StepState
from bot.ports.job_store import Event
from bot.settings import Settings, read_settings
from bot.usecases.ask import ask
from bot.usecases.decide import decide
from bot.usecases.submission import Submission
from tests.colleague import eventually
from tests.crash.platform import Platform
from tests.crash.worker import Worker, started


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How a job and what was said about it look when all is over.

    `audited` are the versions that the audit tells of, `struck` is when the job's workers were stopped.
    """

    job: Job
    history: Sequence[Event]
    audited: Sequence[int]
    notices: Counter[str]
    struck: Sequence[datetime]

    def taken_over_after(self, blow: datetime) -> float:
        """Seconds until the next worker wrote something; none where it had all been written by then."""
        return next(((e.at - blow).total_seconds() for e in self.history if e.at > blow), 0.0)


@dataclass(slots=True)
class Case:
    """Asks as somebody in Slack does, without Slack, and watches."""

    name: str
    bot: app.Bot
    platform: Platform
    variables: Mapping[str, str]
    folder: Path
    workers: list[Worker] = field(default_factory=list)
    struck: list[datetime] = field(default_factory=list)

    def worker(self, *, dies_before: str = "") -> Worker:
        """Start another worker."""
        worker = started(
            {**self.variables, "IDP_HTTP_PORT": str(free_port())},
            log=self.folder / f"{self.name}.log",
            dies_before=dies_before,
        )
        self.workers.append(worker)
        return worker

    async def ask_for_app(self) -> Job:
        """Ask for something of one's own team, so that nobody has to agree."""
        return await self._ask(
            "python-fastapi",
            system="system:default/checkout",
            hostname=self.name,
            visibility="internal",
        )

    async def ask_for_system(self) -> Job:
        """Ask for something that the platform group has to agree to."""
        return await self._ask("system")

    async def approve(self, job: Job) -> None:
        """Have the platform group agree as soon as it is asked."""
        await self.until(job, lambda now: now.state is JobState.WAITING_APPROVAL)
        deniz = await self.bot.ports.directory.whois("U0DENIZ")
        assert deniz
        reply = await decide(
            job.id, person=deniz, verdict=Verdict.APPROVED, reason="", ports=self.bot.ports
        )
        assert reply.accepted, reply.text

    async def _ask(self, template: str, **values: str) -> Job:
        ada = await self.bot.ports.directory.whois("U0ADA")
        assert ada
        common = {
            "name": self.name.capitalize(),
            "description": "Survives.",
            "owner": "group:default/payments",
        }
        submission = Submission(
            id=f"V{self.name}",
            template=template,
            values=common | values,
            requester=ada,
            channel="C0GENERAL",
        )
        return await ask(submission, ports=self.bot.ports)

    async def until(self, job: Job, fits: Callable[[Job], bool], seconds: float = 60) -> Job:
        """Wait until the job looks like that."""

        async def look() -> Job | None:
            now = await self.bot.ports.jobs.load(job.id)
            return now if now and fits(now) else None

        return await eventually(look, seconds)

    async def until_step(self, job: Job, step: str, state: StepState) -> None:
        await self.until(job, lambda now: now.step(step).state is state)

    async def aftermath(self, job: Job) -> Aftermath:
        """Wait for the end, and for its announcement."""
        ended = await self.until(job, lambda now: now.state.is_end, 120)
        assert ended.state is JobState.DONE, ended.steps
        ended = await self.until(job, _is_told_and_audited)
        return Aftermath(
            job=ended,
            history=await self.bot.ports.jobs.history(job.id),
            audited=[json.loads(line)["version"] async for line in self.bot.ports.audit.lines()],
            notices=await self.platform.notices(job.id),
            struck=tuple(self.struck),
        )


def _is_told_and_audited(job: Job) -> bool:
    return bool(job.messages.get("done")) and job.audited_version == job.version


@contextlib.asynccontextmanager
async def opened(
    name: str, *, platform: Platform, variables: Mapping[str, str], redis_url: str, folder: Path
) -> AsyncIterator[Case]:
    """Connect to an empty database; workers that are left over at the end are killed."""
    settings = read_settings(Settings, redis_url=SecretStr(redis_url))
    own = {**variables, "REDIS_URL": redis_url}
    async with app.opened(settings, listens=False) as bot:
        case = Case(name, bot, platform, own, folder)
        try:
            yield case
        except TimeoutError as error:
            raise AssertionError(await _where_it_stands(bot)) from error
        finally:
            for worker in case.workers:
                await worker.kill()


async def _where_it_stands(bot: app.Bot) -> str:
    """What a job that does not come to its end says of itself."""
    [job] = await bot.ports.jobs.recent()
    steps = [f"{name}: {record.state} {record.reason}" for name, record in job.steps.items()]
    return "\n".join([f"job {job.id} is {job.state}", *steps])
