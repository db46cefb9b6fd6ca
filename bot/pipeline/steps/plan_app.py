"""Plan the application: fix its names and addresses, hold them, and say whether approval is needed."""

from bot.domain.errors import PermanentError
from bot.domain.naming import app_names
from bot.domain.platform import Platform
from bot.domain.policy import Policy, approval_terms
from bot.domain.request import AppRequest
from bot.pipeline.facts import AppPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.job_store import JobStore
from bot.ports.template_library import TemplateLibrary


@step("Check and plan")
async def plan_app(
    request: AppRequest,
    job: JobContext,
    platform: Platform,
    policy: Policy,
    templates: TemplateLibrary,
    jobs: JobStore,
    clock: Clock,
) -> AppPlan:
    """Derive everything that later steps agree on; the names were held when the form was submitted, and still are."""
    environment = platform.first_environment
    plan = AppPlan(
        names=app_names(
            gitlab_group=platform.gitlab_group,
            owner=request.owner,
            system=request.system,
            slug=request.slug,
        ),
        environment=environment,
        host=environment.host(request.hostname),
        url=environment.url(request.hostname),
        template_digest=templates.get(request.template).digest,
        approval=approval_terms(
            policy,
            request,
            platform_group=platform.platform_group,
            environment=environment.name,
            now=job.created_at,
        ),
    )
    held = {
        "app": plan.names.full_name,
        "component": plan.names.component,
        "host": plan.host,
    }
    if taken := await jobs.reserve(held, job_id=job.id, now=clock()):
        raise PermanentError(
            f"Job {next(iter(taken.values()))} is making something of the same name.",
            "Ask again with another name, or wait for that job to end.",
        )
    return plan
