"""Wait until the application answers at its address, as a visitor would see it."""

from datetime import timedelta

from bot.domain.errors import NotYet
from bot.pipeline.facts import AppPlan, Deployment, LiveUrl
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.cluster import Cluster
from bot.ports.prober import Prober


@step("Answer on its URL", patience=timedelta(minutes=30))
async def await_live_url(
    plan: AppPlan,
    deployment: Deployment,  # before it an old version could answer
    prober: Prober,
    cluster: Cluster,
    clock: Clock,
) -> LiveUrl:
    """The name resolves, the certificate is trusted, the page answers 200."""
    result = await prober.probe(plan.url)
    if not result.is_live:
        raise NotYet(result.problem + await _rival(plan, cluster))
    return LiveUrl(url=plan.url, answered_at=clock())


async def _rival(plan: AppPlan, cluster: Cluster) -> str:
    """Who else answers at the host name and goes first, as a route that is older does."""
    owner = await cluster.host_owner(plan.host)
    if owner in {None, plan.names.full_name}:
        return ""
    return f"; an older route, of the namespace {owner}, has the host name too"
