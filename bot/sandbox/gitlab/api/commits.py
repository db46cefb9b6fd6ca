"""Commits: write one from file actions, list them, look at one."""

import base64
import binascii
from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import access, changes, errors
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.params import Params
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import code, runs
from bot.sandbox.gitlab.git import diffs, reading, repository, writing
from bot.sandbox.gitlab.model import Level, Project


async def create_commit(call: Call) -> Response:
    """Make one commit of all actions, or none."""
    project = call.project(Level.DEVELOPER)
    call.params.need("branch", "commit_message", "actions")
    actions = tuple(_action(each) for each in call.params.records("actions") or [])
    found = await write(call, project, actions, call.params.needed_text("commit_message"))
    return answer(await detail(call, project, found), 201)


def _action(sent: Params) -> writing.Action:
    kind = sent.choice("action", ("create", "update", "move", "delete", "chmod"))
    if kind is None:
        raise errors.bad_parameter("actions[0][action] is missing")
    path = sent.text("file_path")
    if not path:
        raise errors.bad_parameter("actions[0][file_path] is missing")
    return writing.Action(
        kind=kind,
        path=path,
        content=content_of(sent),
        previous_path=sent.text("previous_path"),
        last_commit_id=sent.text("last_commit_id"),
        executable=sent.flag("execute_filemode") if "execute_filemode" in sent else None,
    )


def content_of(sent: Params) -> bytes | None:
    """The bytes of a file, however they were encoded."""
    text = sent.text("content")
    if text is None:
        return None
    if sent.text("encoding") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise errors.bad_parameter("content is invalid") from error


async def write(
    call: Call, project: Project, actions: tuple[writing.Action, ...], message: str
) -> reading.Commit:
    """Commit and let pipelines and hooks follow.

    Raises:
        ApiError: the branch is protected, or the actions do not fit.
    """
    branch = call.params.needed_text("branch")
    if not access.may_push(call.forge, call.caller, project, branch):
        raise errors.forbidden("You are not allowed to push into this branch")
    user = call.user
    committer = writing.Author(user.name, user.email)
    author = writing.Author(
        call.params.text("author_name") or user.name, call.params.text("author_email") or user.email
    )
    wish = writing.Wish(
        branch=branch,
        message=message,
        actions=actions,
        author=author,
        committer=committer,
        at=call.forge.now(),
        start=call.params.text("start_branch") or call.params.text("start_sha"),
        force=call.params.flag("force"),
    )
    async with call.forge.repositories.writing(project.id):
        try:
            sha = await call.forge.git(writing.write, project, wish)
        except writing.Refused as error:
            raise errors.bad_request(str(error)) from error
        call.forge.store.count_creation("commits", f"{call.forge.full_path(project)}@{branch}")
        await changes.follow_up(call.forge, project.id, user)
    return await call.forge.git(reading.commit, project, sha)


async def detail(call: Call, project: Project, found: reading.Commit) -> dict[str, Any]:
    """A commit by itself, with its size and its latest pipeline."""
    files = await call.forge.git(diffs.of_commit, project, found.sha)
    additions = sum(file.additions for file in files)
    deletions = sum(file.deletions for file in files)
    pipelines = call.forge.store.pipelines.where(
        lambda each: each.project_id == project.id and each.sha == found.sha
    )
    last = runs.basic(call.forge, pipelines[-1]) if pipelines else None
    return code.commit(call.forge, project, found) | {
        "stats": {
            "additions": additions,
            "deletions": deletions,
            "total": additions + deletions,
        },
        "status": pipelines[-1].status if pipelines else None,
        "project_id": project.id,
        "last_pipeline": last,
    }


async def list_commits(call: Call) -> Response:
    """The history of a branch, or of a path in it."""
    project = call.code()
    revision = call.params.text("ref_name") or project.default_branch
    try:
        found = await call.forge.git(
            reading.log,
            project,
            revision,
            inside=(call.params.text("path") or "").strip("/"),
            since=call.params.moment("since"),
            until=call.params.moment("until"),
        )
    except repository.UnknownRevision as error:
        if not project.refs:
            return paged(call, [], lambda each: each)
        raise errors.not_found("Repository or commit") from error
    return paged(call, found, lambda each: code.commit(call.forge, project, each))


async def commit_named(call: Call, project: Project, revision: str) -> reading.Commit:
    """The commit that a hash, branch or tag stands for.

    Raises:
        ApiError: there is none.
    """
    try:
        return await call.forge.git(reading.commit, project, revision)
    except repository.UnknownRevision as error:
        raise errors.not_found("Commit") from error


async def get_commit(call: Call) -> Response:
    """One commit."""
    project = call.code()
    found = await commit_named(call, project, call.part("sha"))
    return answer(await detail(call, project, found))


async def get_diff(call: Call) -> Response:
    """What a commit changed."""
    project = call.code()
    found = await commit_named(call, project, call.part("sha"))
    files = await call.forge.git(diffs.of_commit, project, found.sha)
    return paged(call, files, code.diff)


async def list_refs(call: Call) -> Response:
    """The branches and tags that stand at a commit."""
    project = call.code()
    found = await commit_named(call, project, call.part("sha"))
    changes_seen = [
        repository.RefChange(name, repository.ZERO, sha)
        for name, sha in project.refs.items()
        if sha == found.sha
    ]
    return paged(
        call,
        changes_seen,
        lambda each: {"type": "tag" if each.is_tag else "branch", "name": each.name},
    )


ROUTES = (
    Route("POST", "/projects/{id}/repository/commits", create_commit),
    Route("GET", "/projects/{id}/repository/commits", list_commits, "read_repository"),
    Route("GET", "/projects/{id}/repository/commits/{sha}", get_commit, "read_repository"),
    Route("GET", "/projects/{id}/repository/commits/{sha}/diff", get_diff, "read_repository"),
    Route("GET", "/projects/{id}/repository/commits/{sha}/refs", list_refs, "read_repository"),
)
