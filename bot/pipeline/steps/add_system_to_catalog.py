"""Commit the system's entity file to the catalog repository."""

from bot.domain.platform import Platform
from bot.domain.request import SystemRequest
from bot.pipeline import blueprint
from bot.pipeline.facts import Approval, SystemFile, SystemPlan, TakenBack
from bot.pipeline.skeleton import system_values
from bot.pipeline.step import step, undo
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
    effects = blueprint.system_effects(request, plan, templates, platform)
    blueprint.check(plan, "add_system_to_catalog", effects["add_system_to_catalog"])
    project = platform.catalog_project
    commit = await git.ensure_files(project, files, message=f"Add the system {request.slug}")
    location = f"{platform.gitlab_url}/{project}/-/blob/main/{plan.file}"
    return SystemFile(location=location, commit=commit)


@undo(add_system_to_catalog, "Remove the system's file")
async def remove_system_from_catalog(
    request: SystemRequest, plan: SystemPlan, git: GitHost, platform: Platform
) -> TakenBack:
    """Only as it was written: what somebody has changed since is theirs, too."""
    project = platform.catalog_project
    content = await git.read_file(project, plan.file, ref="main")
    if content is None:
        return TakenBack(remark=f"{plan.file} is not there.")
    if not blueprint.is_as_planned(plan, "add_system_to_catalog", plan.file, content):
        return TakenBack(remark=f"{plan.file} was changed since, so it stays.")
    await git.remove_files(project, [plan.file], message=f"Take the system {plan.ref.name} back")
    return TakenBack(remark=f"{plan.file} is removed.")
