"""Branches, tags and comparisons."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, changes, errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.commits import commit_named
from bot.sandbox.gitlab.api.paging import paged_slowly
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import code
from bot.sandbox.gitlab.git import diffs, merging, reading, repository
from bot.sandbox.gitlab.model import Level, Project

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"


def _named(project: Project, prefix: str, search: str) -> list[str]:
    names = [ref.removeprefix(prefix) for ref in project.refs if ref.startswith(prefix)]
    if search.startswith("^"):
        return [name for name in names if name.startswith(search[1:])]
    if search.endswith("$"):
        return [name for name in names if name.endswith(search[:-1])]
    return [name for name in names if search in name]


async def _branch(call: Call, project: Project, name: str) -> dict[str, Any]:
    tip = await call.forge.git(reading.commit, project, project.refs[_HEADS + name])
    default = project.refs.get(_HEADS + project.default_branch)
    merged = False
    if default is not None and name != project.default_branch:
        merged = await call.forge.git(merging.contains, project, default, tip.sha)
    return code.branch(call.forge, project, call.caller, name, tip, merged=merged)


def _one(call: Call, project: Project) -> str:
    name = call.part("branch")
    if _HEADS + name not in project.refs:
        raise errors.not_found("Branch")
    return name


async def list_branches(call: Call) -> Response:
    """All branches, or those whose name fits."""
    project = call.code()
    names = _named(project, _HEADS, call.params.text("search") or "")
    return await paged_slowly(call, sorted(names), lambda name: _branch(call, project, name))


async def get_branch(call: Call) -> Response:
    """One branch."""
    project = call.code()
    return answer(await _branch(call, project, _one(call, project)))


async def head_branch(call: Call) -> Response:
    """Whether there is such a branch."""
    _one(call, call.code())
    return nothing()


async def create_branch(call: Call) -> Response:
    """Let a new branch stand where another name does."""
    project = call.project(Level.DEVELOPER)
    call.params.need("branch", "ref")
    name, start = call.params.needed_text("branch"), call.params.needed_text("ref")
    if not access.may_push(call.forge, call.caller, project, name):
        raise errors.forbidden("You are not allowed to create protected branches on this project.")
    if _HEADS + name in project.refs:
        raise errors.bad_request("Branch already exists")
    if not repository.is_branch_name(name):
        raise errors.bad_request("Branch name is invalid")
    async with call.forge.repositories.writing(project.id):
        try:
            found = await call.forge.git(reading.commit, project, start)
        except repository.UnknownRevision as error:
            raise errors.bad_request(f"Invalid reference name: {start}") from error
        await call.forge.git(repository.point_branch, project, name, found.sha)
        call.forge.store.count_creation("branches", f"{call.forge.full_path(project)}@{name}")
        await changes.follow_up(call.forge, project.id, call.user)
    return answer(await _branch(call, call.forge.store.projects[project.id], name), 201)


async def delete_branch(call: Call) -> Response:
    """Delete a branch that is neither protected nor the default."""
    project = call.project(Level.DEVELOPER)
    name = _one(call, project)
    if name == project.default_branch:
        raise errors.ApiError(405, {"message": "Cannot remove HEAD branch"})
    if access.protections(call.forge, project, name):
        raise errors.ApiError(405, {"message": "Protected branch cannot be removed"})
    await _drop(call, project, _HEADS + name)
    return nothing()


async def _drop(call: Call, project: Project, ref: str) -> None:
    async with call.forge.repositories.writing(project.id):
        await call.forge.git(repository.drop_ref, project, ref)
        await changes.follow_up(call.forge, project.id, call.user)


async def _tag(call: Call, project: Project, name: str) -> dict[str, Any]:
    target = project.refs[_TAGS + name]
    message = await call.forge.git(reading.tag_message, project, target)
    at = await call.forge.git(reading.commit, project, target)
    return code.tag(call.forge, project, name, at, message, target)


async def list_tags(call: Call) -> Response:
    """All tags, or those whose name fits."""
    project = call.code()
    names = _named(project, _TAGS, call.params.text("search") or "")
    return await paged_slowly(call, sorted(names), lambda name: _tag(call, project, name))


def _one_tag(call: Call, project: Project) -> str:
    name = call.part("tag")
    if _TAGS + name not in project.refs:
        raise errors.not_found("Tag")
    return name


async def get_tag(call: Call) -> Response:
    """One tag."""
    project = call.code()
    return answer(await _tag(call, project, _one_tag(call, project)))


async def create_tag(call: Call) -> Response:
    """Tag a commit."""
    project = call.project(Level.DEVELOPER)
    call.params.need("tag_name", "ref")
    name, start = call.params.needed_text("tag_name"), call.params.needed_text("ref")
    if _TAGS + name in project.refs:
        raise errors.bad_request(f"Tag {name} already exists")
    if not repository.is_branch_name(name):
        raise errors.bad_request("Tag name invalid")
    async with call.forge.repositories.writing(project.id):
        try:
            found = await call.forge.git(reading.commit, project, start)
        except repository.UnknownRevision as error:
            raise errors.bad_request(f"Target {start} is invalid") from error
        message = call.params.text("message")
        await call.forge.git(repository.tag, project, name, found.sha, message)
        await changes.follow_up(call.forge, project.id, call.user)
    return answer(await _tag(call, call.forge.store.projects[project.id], name), 201)


async def delete_tag(call: Call) -> Response:
    """Delete a tag."""
    project = call.project(Level.DEVELOPER)
    await _drop(call, project, _TAGS + _one_tag(call, project))
    return nothing()


async def compare(call: Call) -> Response:
    """What one revision has that another has not."""
    project = call.code()
    call.params.need("from", "to")
    old, new = call.params.needed_text("from"), call.params.needed_text("to")
    for revision in (old, new):
        await commit_named(call, project, revision)
    straight = call.params.flag("straight")
    found = await call.forge.git(diffs.compare, project, old, new, straight=straight)
    commits = [code.commit(call.forge, project, each) for each in found.commits]
    dots = ".." if straight else "..."
    return answer(
        {
            "commit": commits[-1] if commits else None,
            "commits": commits,
            "diffs": [code.diff(each) for each in found.files],
            "compare_timeout": False,
            "compare_same_ref": found.is_same,
            "web_url": f"{call.forge.web_url(project)}/-/compare/{old}{dots}{new}",
        }
    )


_BASE = "/projects/{id}/repository"
ROUTES = (
    Route("GET", f"{_BASE}/branches", list_branches, "read_repository"),
    Route("POST", f"{_BASE}/branches", create_branch),
    Route("GET", f"{_BASE}/branches/{{branch}}", get_branch, "read_repository"),
    Route("HEAD", f"{_BASE}/branches/{{branch}}", head_branch, "read_repository"),
    Route("DELETE", f"{_BASE}/branches/{{branch}}", delete_branch),
    Route("GET", f"{_BASE}/tags", list_tags, "read_repository"),
    Route("POST", f"{_BASE}/tags", create_tag),
    Route("GET", f"{_BASE}/tags/{{tag}}", get_tag, "read_repository"),
    Route("DELETE", f"{_BASE}/tags/{{tag}}", delete_tag),
    Route("GET", f"{_BASE}/compare", compare, "read_repository"),
)
