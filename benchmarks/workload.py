"""Jobs that do nothing, in the shape of new-app: nine steps, of which some run side by side."""

from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.memory.audit import MemoryAudit
from bot.adapters.memory.cluster import MemoryCluster
from bot.adapters.memory.directory import MemoryDirectory
from bot.adapters.memory.gate import MemoryGate
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.memory.prober import MemoryProber
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.adapters.template_folder import TemplateFolder
from bot.domain.entities import Person, entity_ref
from bot.domain.environments import Environment
from bot.domain.job import Job, JobState
from bot.domain.platform import Platform
from bot.domain.request import SystemRequest
from bot.domain.value import Value
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.step import step
from bot.ports.bundle import Ports
from bot.ports.job_store import JobStore
from bot.ports.scheduler import Scheduler


class A(Value):
    pass


class B(Value):
    pass


class C(Value):
    pass


class D(Value):
    pass


class E(Value):
    pass


class F(Value):
    pass


class G(Value):
    pass


class H(Value):
    pass


class Last(Value):
    pass


@step("a")
async def make_a(request: SystemRequest) -> A:
    return A()


@step("b")
async def make_b(a: A) -> B:
    return B()


@step("c")
async def make_c(b: B) -> C:
    return C()


@step("d")
async def make_d(c: C) -> D:
    return D()


@step("e")
async def make_e(d: D) -> E:
    return E()


@step("f")
async def make_f(c: C) -> F:
    return F()


@step("g")
async def make_g(d: D) -> G:
    return G()


@step("h")
async def make_h(e: E, f: F) -> H:
    return H()


@step("last")
async def make_last(g: G, h: H) -> Last:
    return Last()


STEPS = (make_a, make_b, make_c, make_d, make_e, make_f, make_g, make_h, make_last)
NINE_STEPS = Pipeline(
    kind="new-system", request=SystemRequest, steps=STEPS, approval_step=make_a.name
)
SOMEBODY = Person(slack_id="U1", user=entity_ref("ada", kind="user"), name="Ada")
TEAM = entity_ref("platform", kind="group")


def jobs_of(number: int) -> list[Job]:
    at = datetime.now(UTC)
    request = SystemRequest(
        template="system", name="X", slug="x", description="x", owner=TEAM, requester=SOMEBODY
    )
    return [
        Job(id=f"bench{i:03}", request=request, channel="C", state=JobState.RUNNING, created_at=at)
        for i in range(number)
    ]


def ports_on(jobs: JobStore, scheduler: Scheduler) -> Ports:
    return Ports(
        platform=Platform(
            gitlab_group="idp",
            gitlab_url="https://gitlab.example.com",
            platform_group=TEAM,
            environments=(Environment(name="development", domain="example.com"),),
        ),
        git=MemoryGitHost(),
        catalog=MemoryCatalog(),
        cluster=MemoryCluster(),
        prober=MemoryProber(),
        templates=TemplateFolder(Path("templates")),
        directory=MemoryDirectory(),
        jobs=jobs,
        gate=MemoryGate(lambda: datetime.now(UTC)),
        scheduler=scheduler,
        audit=MemoryAudit(),
        clock=lambda: datetime.now(UTC),
    )
