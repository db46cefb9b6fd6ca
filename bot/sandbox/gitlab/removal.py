"""Delete projects and groups with everything that hangs on them."""

import asyncio
import shutil

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Namespace, Project


async def remove_project(forge: Forge, project: Project) -> None:
    """Delete a project. What was running is ended first."""
    runs = forge.store.pipelines.where(lambda each: each.project_id == project.id)
    await forge.stop_pipelines({run.id for run in runs})
    async with forge.repositories.writing(project.id):
        with forge.store.transaction():
            _forget(forge, project)
        path = forge.repositories.path(project.id)
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


def _forget(forge: Forge, project: Project) -> None:
    store = forge.store
    hooks = {hook.id for hook in store.hooks.where(lambda each: each.project_id == project.id)}
    images = {
        image.id for image in store.image_repositories.where(lambda i: i.project_id == project.id)
    }
    store.deliveries.remove_where(lambda each: each.hook_id in hooks)
    store.image_tags.remove_where(lambda each: each.repository_id in images)
    store.members.remove_where(lambda m: m.source == "project" and m.source_id == project.id)
    store.variables.remove_where(lambda v: v.source == "project" and v.source_id == project.id)
    store.tokens.remove_where(lambda each: each.project_id == project.id)
    store.hooks.remove_where(lambda each: each.project_id == project.id)
    store.protected_branches.remove_where(lambda each: each.project_id == project.id)
    store.statuses.remove_where(lambda each: each.project_id == project.id)
    store.merge_requests.remove_where(lambda each: each.project_id == project.id)
    store.notes.remove_where(lambda each: each.project_id == project.id)
    store.image_repositories.remove_where(lambda each: each.project_id == project.id)
    store.deployments.remove_where(lambda each: each.project_id == project.id)
    store.environments.remove_where(lambda each: each.project_id == project.id)
    store.jobs.remove_where(lambda each: each.project_id == project.id)
    store.pipelines.remove_where(lambda each: each.project_id == project.id)
    store.projects.remove(project.id)


async def remove_group(forge: Forge, group: Namespace) -> None:
    """Delete a group, its subgroups and all their projects."""
    inside = {each.id for each in forge.descendants(group)}
    for project in forge.store.projects.where(lambda each: each.namespace_id in inside):
        await remove_project(forge, project)
    with forge.store.transaction():
        forge.store.members.remove_where(lambda m: m.source == "group" and m.source_id in inside)
        forge.store.variables.remove_where(lambda v: v.source == "group" and v.source_id in inside)
        forge.store.namespaces.remove_where(lambda each: each.id in inside)
