"""How projects end: archived, deleted at once, or marked for deletion and restored."""

from starlette.responses import Response

from bot.sandbox.gitlab import errors, removal
from bot.sandbox.gitlab.api.call import Call, accepted
from bot.sandbox.gitlab.api.projects import shown
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.model import Level, Project


async def delete_project(call: Call) -> Response:
    """Delete a project, or mark it and rename it where deletion is delayed; who insists gets a marked one deleted."""
    project = call.project(Level.OWNER)
    if not call.forge.settings.deletion_adjourned_period:
        await removal.remove_project(call.forge, project)
    elif call.params.flag("permanently_remove"):
        _check_insisted(call, project)
        await removal.remove_project(call.forge, project)
    else:
        _mark(call, project)
    return accepted()


def _check_insisted(call: Call, project: Project) -> None:
    if project.marked_for_deletion_on is None:
        raise errors.bad_request("Project must be marked for deletion first.")
    if call.params.text("full_path") != call.forge.full_path(project):
        raise errors.bad_request(
            "`full_path` is incorrect. You must enter the complete path for the project."
        )


def _mark(call: Call, project: Project) -> None:
    if project.marked_for_deletion_on is not None:
        raise errors.bad_request("Project has been already marked for deletion")
    suffix = _suffix(project)
    call.forge.store.projects.change(
        project.id,
        marked_for_deletion_on=call.forge.now().date(),
        name=project.name + suffix,
        path=project.path + suffix,
        former_paths=(*project.former_paths, call.forge.full_path(project)),
    )


def _suffix(project: Project) -> str:
    return f"-deletion_scheduled-{project.id}"


async def restore(call: Call) -> Response:
    """Take a mark for deletion away, and give the project its name back."""
    project = call.project(Level.OWNER)
    if project.marked_for_deletion_on is None:
        raise errors.bad_request("Project has not been marked for deletion")
    suffix = _suffix(project)
    restored = call.forge.store.projects.change(
        project.id,
        marked_for_deletion_on=None,
        name=project.name.removesuffix(suffix),
        path=project.path.removesuffix(suffix),
    )
    return shown(call, restored, 201)


async def archive(call: Call) -> Response:
    """Make a project read-only."""
    project = call.project(Level.OWNER)
    return shown(call, call.forge.store.projects.change(project.id, archived=True), 201)


async def unarchive(call: Call) -> Response:
    """Let a project be written to again."""
    project = call.project(Level.OWNER)
    return shown(call, call.forge.store.projects.change(project.id, archived=False), 201)


ROUTES = (
    Route("DELETE", "/projects/{id}", delete_project),
    Route("POST", "/projects/{id}/archive", archive),
    Route("POST", "/projects/{id}/unarchive", unarchive),
    Route("POST", "/projects/{id}/restore", restore),
)
