"""Projects: list, make and edit."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, changes, errors, naming
from bot.sandbox.gitlab.api import ordering
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import spaces
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import writing
from bot.sandbox.gitlab.model import Level, Namespace, Project, Visibility

_CREATION_NEEDS = {
    "noone": Level.ADMIN,
    "administrator": Level.ADMIN,
    "owner": Level.OWNER,
    "maintainer": Level.MAINTAINER,
    "developer": Level.DEVELOPER,
}


async def list_projects(call: Call) -> Response:
    """The projects that the caller may see."""
    visible = call.forge.store.projects.where(
        lambda each: access.may_see_project(call.forge, call.caller, each)
    )
    present = presenter(call)
    found = ordering.projects(call, visible)
    return paged(call, found, lambda each: present(call.forge, each))


def presenter(call: Call) -> Callable[[Forge, Project], dict[str, Any]]:
    """How projects are shown: to the anonymous, and on request, only what matters most."""
    is_brief = call.caller.token is None or call.params.flag("simple")
    return spaces.simple if is_brief else spaces.project


async def get_project(call: Call) -> Response:
    """One project."""
    project = call.project()
    if call.caller.user is None:
        return answer(spaces.simple(call.forge, project))
    return shown(call, project)


def shown(call: Call, project: Project, status: int = 200) -> Response:
    """One project with what the caller may do in it."""
    permissions = spaces.permissions(call.forge, project, call.caller)
    return answer(spaces.project(call.forge, project) | permissions, status)


async def create_project(call: Call) -> Response:
    """Make a project, empty or with a README."""
    user, namespace = call.user, _namespace(call)
    name, path = _names(call)
    naming.check_project(name, path)
    visibility = _visibility(call, namespace, Visibility.PRIVATE)
    _check_free(call, namespace, name, path)
    forge, now = call.forge, call.forge.now()
    with forge.store.transaction():
        project = forge.store.projects.add(
            lambda number: Project(
                id=number,
                name=name,
                path=path,
                namespace_id=namespace.id,
                created_at=now,
                last_activity_at=now,
                creator_id=user.id,
                description=call.params.text("description"),
                visibility=visibility,
                default_branch=call.params.text("default_branch") or "main",
                topics=call.params.texts("topics") or call.params.texts("tag_list") or (),
                settings=_settings(call),
            )
        )
        forge.store.count_creation("projects", forge.full_path(project))
    if call.params.flag("initialize_with_readme"):
        await _write_readme(call, project)
    return shown(call, forge.store.projects[project.id], 201)


def _namespace(call: Call) -> Namespace:
    """Where the project goes: the named namespace, or the caller's own."""
    number, user = call.params.integer("namespace_id"), call.user
    namespaces = call.forge.store.namespaces
    if number is None:
        own = namespaces.first(lambda each: each.kind == "user" and each.owner_id == user.id)
        if own is None:
            raise errors.invalid(namespace=["is not valid"])
        return own
    found = namespaces.get(number)
    if found is None or not access.may_see_group(call.forge, call.caller, found):
        raise errors.invalid(namespace=["is not valid"])
    needed = _CREATION_NEEDS[found.project_creation_level]
    if not call.caller.is_admin and (
        access.level_in_group(call.forge, call.caller, found) < needed
    ):
        raise errors.invalid(namespace=["is not valid"])
    return found


def _names(call: Call) -> tuple[str, str]:
    name, path = call.params.text("name"), call.params.text("path")
    if not name and not path:
        raise errors.bad_parameter(
            "name, path are missing, at least one parameter must be provided"
        )
    return name or path or "", path or naming.path_from(name or "")


def _visibility(call: Call, namespace: Namespace, default: Visibility) -> Visibility:
    word = call.params.choice("visibility", [str(each) for each in Visibility])
    visibility = Visibility(word) if word else default
    if visibility not in spaces.allowed_visibilities(namespace):
        raise errors.invalid(
            visibility_level=[f"{visibility} is not allowed in a {namespace.visibility} group."]
        )
    return visibility


def _check_free(
    call: Call, namespace: Namespace, name: str, path: str, but: Project | None = None
) -> None:
    siblings = call.forge.store.projects.where(
        lambda each: each.namespace_id == namespace.id and each != but
    )
    taken = ["has already been taken"]
    problems: dict[str, list[str]] = {}
    if any(each.path.lower() == path.lower() for each in siblings) or (
        call.forge.namespace_at(f"{namespace.full_path}/{path}") is not None
    ):
        problems["path"] = taken
    if any(each.name == name for each in siblings):
        problems["name"] = taken
        problems["project_namespace.name"] = taken
    if problems:
        raise errors.bad_request(problems)


def _settings(call: Call) -> dict[str, Any]:
    return {name: call.params.raw(name) for name in spaces.SETTABLE if name in call.params}


async def _write_readme(call: Call, project: Project) -> None:
    user = call.user
    text = f"# {project.name}\n\n{project.description or ''}\n"
    author = writing.Author(user.name, user.email)
    wish = writing.Wish(
        branch=project.default_branch,
        message="Initial commit",
        actions=(writing.Action("create", "README.md", text.encode()),),
        author=author,
        committer=author,
        at=call.forge.now(),
    )
    async with call.forge.repositories.writing(project.id):
        await call.forge.git(writing.write, project, wish)
        await changes.follow_up(call.forge, project.id, user)


async def edit_project(call: Call) -> Response:
    """Change what was sent, and nothing else."""
    project = call.project(Level.MAINTAINER)
    namespace = call.forge.namespace_of(project)
    name = call.params.text("name") or project.name
    path = call.params.text("path") or project.path
    naming.check_project(name, path)
    _check_free(call, namespace, name, path, project)
    update: dict[str, Any] = {
        "name": name,
        "path": path,
        "visibility": _visibility(call, namespace, project.visibility),
        "settings": project.settings | _settings(call),
        "default_branch": _default_branch(call, project),
    }
    if path != project.path:
        update["former_paths"] = (*project.former_paths, call.forge.full_path(project))
    if "description" in call.params:
        update["description"] = call.params.text("description")
    if "topics" in call.params:
        update["topics"] = call.params.texts("topics")
    return shown(call, call.forge.store.projects.change(project.id, **update))


def _default_branch(call: Call, project: Project) -> str:
    wanted = call.params.text("default_branch") or project.default_branch
    if project.refs and f"refs/heads/{wanted}" not in project.refs:
        raise errors.bad_request({"base": ["Could not set the default branch"]})
    return wanted


ROUTES = (
    Route("GET", "/projects", list_projects),
    Route("POST", "/projects", create_project),
    Route("GET", "/projects/{id}", get_project),
    Route("PUT", "/projects/{id}", edit_project),
)
