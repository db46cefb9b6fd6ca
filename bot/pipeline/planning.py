"""What is going to be made for a request, from the request and the operator's choices alone."""

from bot.domain.approval import ApprovalTerms
from bot.domain.naming import app_names
from bot.domain.platform import Platform
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.blueprint import app_effects, system_effects
from bot.pipeline.facts import AppPlan, SystemPlan
from bot.ports.template_library import TemplateLibrary


def app_plan(
    request: AppRequest,
    *,
    platform: Platform,
    approval: ApprovalTerms | None,
    templates: TemplateLibrary,
) -> AppPlan:
    """Fix names and addresses, with the approval that is needed from now on.

    Raises:
        PermanentError: the template is missing or cannot be filled in.
    """
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
        approval=approval,
    )
    effects = app_effects(request, plan, templates, platform)
    return plan.model_copy(update={"effects": effects})


def system_plan(
    request: SystemRequest,
    *,
    platform: Platform,
    approval: ApprovalTerms | None,
    templates: TemplateLibrary,
) -> SystemPlan:
    """One file for each system, so that two requests never write the same one.

    Raises:
        PermanentError: the template is missing or cannot be filled in.
    """
    plan = SystemPlan(
        ref=request.ref,
        file=f"systems/{request.slug}.yaml",
        template_digest=templates.get(request.template).digest,
        approval=approval,
    )
    effects = system_effects(request, plan, templates, platform)
    return plan.model_copy(update={"effects": effects})
