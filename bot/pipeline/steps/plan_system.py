"""Plan the system: where its entity will stand, and whether approval is needed."""

from bot.domain.platform import Platform
from bot.domain.policy import Policy, approval_terms
from bot.domain.request import SystemRequest
from bot.pipeline.facts import SystemPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step
from bot.ports.template_library import TemplateLibrary


@step("Check and plan")
async def plan_system(
    request: SystemRequest,
    job: JobContext,
    platform: Platform,
    policy: Policy,
    templates: TemplateLibrary,
) -> SystemPlan:
    """One file for each system, so that two requests never write the same one."""
    return SystemPlan(
        ref=request.ref,
        file=f"systems/{request.slug}.yaml",
        template_digest=templates.get(request.template).digest,
        approval=approval_terms(
            policy,
            request,
            platform_group=platform.platform_group,
            environment=platform.first_environment.name,
            now=job.created_at,
        ),
    )
