"""Plan the application: fix its names and addresses, hold them, and say whether approval is needed."""

from bot.domain.errors import PermanentError
from bot.domain.naming import field_behind, full_name_problem, held_names
from bot.domain.platform import Platform
from bot.domain.policy import Policy
from bot.domain.request import AppRequest
from bot.pipeline.facts import AppPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.planning import app_plan
from bot.pipeline.rights_now import terms_now
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.job_store import JobStore, Unreadable
from bot.ports.template_library import TemplateLibrary


@step("Check and plan")
async def plan_app(
    request: AppRequest,
    job: JobContext,
    platform: Platform,
    policy: Policy,
    directory: Directory,
    templates: TemplateLibrary,
    jobs: JobStore,
    clock: Clock,
) -> AppPlan:
    """Derive everything that later steps agree on; the names were held when the form was submitted, and still are."""
    approval = await terms_now(
        request, directory=directory, platform=platform, policy=policy, now=clock()
    )
    plan = app_plan(request, platform=platform, approval=approval, templates=templates)
    if too_long := full_name_problem(plan.names):
        raise PermanentError(too_long, "Press Fix input and shorten it.", fields=("name",))
    held = held_names(plan.names, host=plan.host)
    if taken := await jobs.reserve(held, job_id=job.id, now=clock()):
        raise PermanentError(
            f"{await _told(next(iter(taken.values())), jobs)} is making something of the same name.",
            "Choose another name, or wait for that one to end and press Retry.",
            fields=tuple(dict.fromkeys(map(field_behind, taken))),
        )
    return plan


async def _told(job_id: str, jobs: JobStore) -> str:
    """Which job it is, where everybody may know: this failure is read by all who see the card."""
    try:
        holder = await jobs.load(job_id)
    except Unreadable:
        holder = None
    return f"Job {job_id}" if holder and not holder.is_private else "Another request"
