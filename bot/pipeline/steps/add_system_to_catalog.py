"""Commit the system's entity file to the catalog repository."""

from bot.domain.platform import Platform
from bot.domain.request import SystemRequest
from bot.pipeline.facts import Approval, SystemFile, SystemPlan
from bot.pipeline.skeleton import system_values
from bot.pipeline.step import step
from bot.ports.git_host import GitHost
from bot.ports.template_library import TemplateLibrary


@step("Add the system to the catalog repository")
async def add_system_to_catalog(
    request: SystemRequest,
    plan: SystemPlan,
    approval: Approval,  # nothing is made before it
    git: GitHost,
    templates: TemplateLibrary,
    platform: Platform,
) -> SystemFile:
    """Ensure the file is there; a rerun finds what the first run committed."""
    files = templates.render(request.template, "catalog", system_values(request, platform))
    project = platform.catalog_project
    commit = await git.ensure_files(project, files, message=f"Add the system {request.name}")
    location = f"{platform.gitlab_url}/{project}/-/blob/main/{plan.file}"
    return SystemFile(location=location, commit=commit)
