"""Create the GitLab project that Argo CD deploys from; it comes first, since the application's pipeline writes to it."""

from bot.domain.platform import Platform
from bot.domain.request import AppRequest
from bot.pipeline import blueprint
from bot.pipeline.amending import amend
from bot.pipeline.blueprint import Files
from bot.pipeline.facts import AppPlan, Approval, DeploymentRepository, TakenBack
from bot.pipeline.pipeline import JobContext
from bot.pipeline.removal import removed
from bot.pipeline.skeleton import app_values
from bot.pipeline.step import step, undo
from bot.ports.git_host import Commit, GitHost, Project
from bot.ports.template_library import TemplateLibrary


@step("Create the deployment repository")
async def create_deployment_repository(
    request: AppRequest,
    plan: AppPlan,
    approval: Approval,  # nothing is made before it
    job: JobContext,
    git: GitHost,
    templates: TemplateLibrary,
    platform: Platform,
) -> DeploymentRepository:
    """Ensure the project and its chart exist; a rerun finds what the first run made."""
    wanted = blueprint.deployment_project(request, plan, mark=job.id)
    files = templates.render(request.template, "deployment", app_values(request, plan, platform))
    blueprint.check(plan, "create_deployment_repository", blueprint.repository(wanted, files))
    project = await git.ensure_project(wanted)
    if platform.argocd_url:
        await git.ensure_webhook(project.path, url=f"{platform.argocd_url}/api/webhook")
    commit = await git.ensure_first_files(
        project.path,
        files,
        message=f"Deployment of {plan.names.component} from {request.template}",
    )
    if job.amended:
        await amend(git, wanted, files, amended=job.amended)
        commit = await _newest_as_made(git, project, files, first=commit)
    return DeploymentRepository(project=project, commit=commit)


async def _newest_as_made(git: GitHost, project: Project, files: Files, *, first: Commit) -> Commit:
    """The newest commit with nothing in it but the template's files: whatever is deployed comes after it.

    What was deployed before the repository was amended is there still, so the newest one of all may hold it.
    """
    head = await git.head(project.path, project.default_branch)
    if head is None or head.sha == first.sha:
        return first
    held = await git.read_files(project.path, ref=head.sha)
    return head if held == {path: file.content for path, file in files.items()} else first


@undo(create_deployment_repository, "Remove the deployment repository")
async def remove_deployment_repository(plan: AppPlan, job: JobContext, git: GitHost) -> TakenBack:
    """Only where this job made it."""
    path = plan.names.deployment_repository
    return removed(path, await git.remove_project(path, mark=job.id))
