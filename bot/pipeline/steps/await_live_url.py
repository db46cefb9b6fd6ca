"""Wait until the application answers at its address, as a visitor would see it."""

from datetime import timedelta

from bot.domain.errors import NotYet
from bot.pipeline.facts import AppPlan, Deployment, LiveUrl
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.prober import Prober


@step("Answer on its URL", patience=timedelta(minutes=30))
async def await_live_url(
    plan: AppPlan,
    deployment: Deployment,  # before it an old version could answer
    prober: Prober,
    clock: Clock,
) -> LiveUrl:
    """The name resolves, the certificate is trusted, the page answers 200."""
    result = await prober.probe(plan.url)
    if not result.is_live:
        raise NotYet(result.problem)
    return LiveUrl(url=plan.url, answered_at=clock())
