"""What follows when branches or tags of a repository have moved, by whichever way: pipelines and push hooks.

The store remembers the refs that have been acted on. Whatever the repository has beyond them is still to do, so a
server that was killed between a push and its pipeline makes up for it when it starts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.gitlab import freshness
from bot.sandbox.gitlab.ci import merge_pipelines, pipelines, plans
from bot.sandbox.gitlab.entities.times import zoned
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import diffs, reading, repository
from bot.sandbox.gitlab.git.repository import RefChange
from bot.sandbox.gitlab.model import Pipeline, Project, ProtectedBranch, User
from bot.sandbox.gitlab.webhooks import payloads, queue

_MOST_COMMITS = 100


@dataclass(frozen=True, slots=True)
class _News:
    """A change with everything that has to be read for it before anything is written."""

    change: RefChange
    commits: list[tuple[reading.Commit, list[diffs.FileDiff]]]
    source: plans.Source | None


async def follow_up(forge: Forge, project_id: int, actor: User) -> None:
    """Act on every change of the refs since the last time; hold the repository's writing lock."""
    project = forge.store.projects[project_id]
    refs = await forge.git(repository.refs, project)
    moved = repository.changes(project.refs, refs)
    if not moved:
        return
    news = [await _read(forge, project, change) for change in moved]
    with forge.store.transaction():
        project = _note(forge, forge.store.projects[project_id], refs)
        made = [_act(forge, project, actor, each) for each in news]
    readme = await forge.git(_readme, project, project.default_branch)
    forge.store.projects.change(project_id, readme=readme)
    for pipeline in made:
        if pipeline is not None:
            await pipelines.announce(forge, pipeline.id)
            forge.on_jobs_ready(pipeline.id)
    for change in moved:
        if not change.is_tag and not change.is_deletion:
            await _tell_requests(forge, project, actor, change)
            await merge_pipelines.start_for_branch(forge, project, change.name, actor)


async def _tell_requests(forge: Forge, project: Project, actor: User, change: RefChange) -> None:
    """The merge requests of a branch that moved have news."""
    for known in forge.store.merge_requests.where(
        lambda each: (
            (each.project_id, each.source_branch, each.state) == (project.id, change.name, "opened")
        )
    ):
        request = await freshness.refreshed(forge, known)
        last = await forge.git(reading.commit, project, request.sha)
        body = payloads.merge_request(forge, project, actor, request, "update", last)
        body["object_attributes"]["oldrev"] = change.before
        queue.announce(forge, project, "merge_requests_events", body)


async def catch_up(forge: Forge) -> None:
    """Act on what was pushed just before the server ended."""
    admin = forge.store.users[1]
    for project in forge.store.projects.where():
        async with forge.repositories.writing(project.id):
            await follow_up(forge, project.id, admin)


async def _read(forge: Forge, project: Project, change: RefChange) -> _News:
    if change.is_deletion:
        return _News(change, [], None)
    commits = await forge.git(_commits, project, change)
    sha = commits[-1][0].sha if commits else await forge.git(_commit_sha, project, change.after)
    return _News(change, commits, await plans.source_of(forge, project, sha, change.before))


def _commit_sha(path: Path, target: str) -> str:
    """An annotated tag points at an object of its own."""
    return reading.commit(path, target).sha


def _commits(path: Path, change: RefChange) -> list[tuple[reading.Commit, list[diffs.FileDiff]]]:
    """What the push brought, oldest first, each with the files that it touched."""
    if change.is_tag:
        return []
    if change.before == repository.ZERO:
        found = list(reversed(reading.log(path, change.after)))
    else:
        found = list(diffs.compare(path, change.before, change.after).commits)
    return [(commit, diffs.of_commit(path, commit.sha)) for commit in found[-_MOST_COMMITS:]]


def _note(forge: Forge, project: Project, refs: dict[str, str]) -> Project:
    default = project.default_branch
    branches = [name.removeprefix("refs/heads/") for name in refs if name.startswith("refs/heads/")]
    if not project.refs and branches:
        default = default if default in branches else branches[0]
        _protect(forge, project, default)
    return forge.store.projects.change(
        project.id, refs=refs, default_branch=default, last_activity_at=forge.now()
    )


def _readme(path: Path, branch: str) -> str | None:
    """Let a clone check out the default branch, and look which README it has."""
    repository.set_head(path, branch)
    try:
        entries = reading.tree(path, branch)
    except repository.UnknownRevision:
        return None
    names = (entry.name for entry in entries if entry.type == "blob")
    return next((name for name in names if name.lower().startswith("readme")), None)


def _protect(forge: Forge, project: Project, branch: str) -> None:
    """The default branch is protected as soon as it exists: maintainers push and merge."""
    forge.store.protected_branches.add(
        lambda number: ProtectedBranch(id=number, project_id=project.id, name=branch)
    )


def _act(forge: Forge, project: Project, actor: User, news: _News) -> Pipeline | None:
    change = news.change
    commits = [_pushed(forge, project, commit, files) for commit, files in news.commits]
    body = payloads.push(forge, project, actor, change, commits)
    queue.announce(forge, project, "tag_push_events" if change.is_tag else "push_events", body)
    if news.source is None:
        return None
    trigger = pipelines.Trigger(
        ref=change.name,
        sha=news.source.commit.sha,
        source="push",
        user=actor,
        before=change.before,
        tag=change.is_tag,
    )
    made = pipelines.make(forge, project, trigger, news.source)
    return made if isinstance(made, Pipeline) else None


def _pushed(
    forge: Forge, project: Project, commit: reading.Commit, files: list[diffs.FileDiff]
) -> dict[str, Any]:
    changed = [file for file in files if not file.is_new and not file.is_deleted]
    return payloads.commit(forge, project, commit) | {
        "timestamp": zoned(commit.committed_at),
        "added": [file.new_path for file in files if file.is_new],
        "modified": [file.new_path for file in changed],
        "removed": [file.old_path for file in files if file.is_deleted],
    }
