"""Plan the system: where its entity will stand, and whether approval is needed."""

from bot.domain.platform import Platform
from bot.domain.policy import Policy
from bot.domain.request import SystemRequest
from bot.pipeline.facts import SystemPlan
from bot.pipeline.planning import system_plan
from bot.pipeline.rights_now import terms_now
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.template_library import TemplateLibrary


@step("Check and plan")
async def plan_system(
    request: SystemRequest,
    platform: Platform,
    policy: Policy,
    directory: Directory,
    templates: TemplateLibrary,
    clock: Clock,
) -> SystemPlan:
    """Derive everything that later steps agree on."""
    approval = await terms_now(
        request, directory=directory, platform=platform, policy=policy, now=clock()
    )
    return system_plan(request, platform=platform, approval=approval, templates=templates)
