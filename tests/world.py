"""A world in memory: all ports as fakes, a runner, and a company with its' people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bot.adapters.memory.announcer import MemoryAnnouncer, Posted
from bot.adapters.memory.audit import MemoryAudit
from bot.adapters.memory.clock import MemoryClock
from bot.adapters.memory.cluster import MemoryCluster
from bot.adapters.memory.directory import MemoryDirectory
from bot.adapters.memory.gate import MemoryGate
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.memory.prober import MemoryProber
from bot.adapters.memory.scheduler import MemoryScheduler
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.adapters.memory.telemetry import MemoryTelemetry
from bot.adapters.template_folder import TemplateFolder
from bot.domain import limits, policy
from bot.domain.entities import entity_ref
from bot.domain.job import Job
from bot.domain.limits import Limits
from bot.domain.notices import DIRECT
from bot.domain.policy import Policy
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.runner import Runner
from bot.ports.bundle import Ports
from bot.ports.service_catalog import Entity
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, NOON, PLATFORM, group

TEMPLATES = Path(__file__).parents[1] / "templates"


class World:
    """Everything outside of the bot, standing still until a test moves it."""

    def __init__(
        self,
        pipelines: Mapping[str, Pipeline] = PIPELINES,
        *,
        rules: Policy = policy.DEFAULT,
        limits: Limits = limits.DEFAULT,
        templates: Path = TEMPLATES,
    ) -> None:
        self.clock = MemoryClock(NOON)
        self.git = MemoryGitHost(PLATFORM.gitlab_url)
        self.catalog = MemoryCatalog(entities=_company())
        self.cluster = MemoryCluster()
        self.prober = MemoryProber()
        self.jobs = MemoryJobs(self.clock)
        self.gate = MemoryGate(self.clock)
        self.audit = MemoryAudit()
        self.scheduler = MemoryScheduler()
        self.announcer = MemoryAnnouncer()
        self.directory = MemoryDirectory(ADA, BRUNO, CHIARA, DENIZ)
        self.ports = Ports(
            platform=PLATFORM,
            git=self.git,
            catalog=self.catalog,
            cluster=self.cluster,
            prober=self.prober,
            templates=TemplateFolder(templates),
            directory=self.directory,
            jobs=self.jobs,
            gate=self.gate,
            audit=self.audit,
            scheduler=self.scheduler,
            clock=self.clock,
            policy=rules,
            limits=limits,
        )
        self.telemetry = MemoryTelemetry()
        self.runner = Runner(
            ports=self.ports,
            pipelines=pipelines,
            announcer=self.announcer,
            random=_half,
            telemetry=self.telemetry,
        )

    async def found_platform(self) -> None:
        """What `bootstrap` makes."""
        for path in ("idp", "idp/platform", "idp/payments", "idp/storefront"):
            await self.git.ensure_group(path, title=path)
        for project in (PLATFORM.catalog_project, PLATFORM.user_apps_project):
            self.git.add_project(project, mark="platform")

    async def advance(self, job: Job, by: timedelta = timedelta()) -> Job:
        """Let time pass, have the job looked at, and see how it stands."""
        self.clock.advance(by)
        await self.runner.advance(job.id)
        return self.jobs.jobs[job.id]

    def told(self) -> list[str]:
        """The keys of all messages in the channel and the thread, in order."""
        return [m.notice.key for m in self.announcer.posted if m.notice.kind not in DIRECT]

    def directly(self) -> dict[str, Posted]:
        """The direct messages by key; one that was posted twice is a fault."""
        direct = [m for m in self.announcer.posted if m.notice.kind in DIRECT]
        found = {message.notice.key: message for message in direct}
        assert len(found) == len(direct)
        return found

    def now(self) -> datetime:
        """The time."""
        return self.clock()


def _half(low: float, high: float) -> float:
    return (low + high) / 2


def _company() -> list[Entity]:
    return [
        *(
            Entity(ref=group(name), title=name.capitalize())
            for name in ("payments", "storefront", "platform")
        ),
        Entity(
            ref=entity_ref("checkout", kind="system"), title="Checkout", owner=group("payments")
        ),
        Entity(
            ref=entity_ref("webshop", kind="system"), title="Webshop", owner=group("storefront")
        ),
    ]
