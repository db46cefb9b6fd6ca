"""Create the GitLab project that holds the application's code; its first commit starts the first pipeline."""

from bot.domain.platform import Platform
from bot.domain.request import AppRequest
from bot.pipeline import blueprint
from bot.pipeline.amending import amend
from bot.pipeline.facts import AppPlan, AppRepository, DeploymentRepository, TakenBack
from bot.pipeline.pipeline import JobContext
from bot.pipeline.removal import removed
from bot.pipeline.skeleton import app_values
from bot.pipeline.step import step, undo
from bot.ports.git_host import GitHost
from bot.ports.template_library import TemplateLibrary

DEPLOYMENT_TOKEN = "DEPLOYMENT_TOKEN"  # noqa: S105 the variable's name, not its value


@step("Create the application repository")
async def create_app_repository(
    request: AppRequest,
    plan: AppPlan,
    deployment: DeploymentRepository,
    job: JobContext,
    git: GitHost,
    templates: TemplateLibrary,
    platform: Platform,
) -> AppRepository:
    """Ensure the project, its right to deploy, and then its first commit: the pipeline that it starts needs the right."""
    wanted = blueprint.app_project(request, plan, mark=job.id)
    files = templates.render(request.template, "app", app_values(request, plan, platform))
    blueprint.check(plan, "create_app_repository", blueprint.repository(wanted, files))
    project = await git.ensure_project(wanted)
    await git.ensure_push_access(
        project.path, to=deployment.project.path, variable=DEPLOYMENT_TOKEN
    )
    if platform.public_url:
        await git.ensure_webhook(project.path, url=f"{platform.public_url}/webhooks/gitlab")
    commit = await git.ensure_first_files(
        project.path, files, message=f"{plan.names.component} from {request.template}"
    )
    await amend(git, wanted, files, amended=job.amended)
    return AppRepository(project=project, commit=commit)


@undo(create_app_repository, "Remove the application repository")
async def remove_app_repository(plan: AppPlan, job: JobContext, git: GitHost) -> TakenBack:
    """Only where this job made it."""
    path = plan.names.app_repository
    return removed(path, await git.remove_project(path, mark=job.id))
