"""Taking away what the bot made: whole projects, and files in those that stay."""

from collections.abc import Collection
from typing import Any

import gitlab

import bot.adapters.gitlab_files as repository
from bot.adapters.gitlab_errors import is_missing
from bot.adapters.gitlab_projects import (
    DELETION_DATES,
    existing_project,
    is_marked_for_deletion,
    mark_of,
    raw_project,
)
from bot.domain.errors import TemporaryError
from bot.ports.git_host import Commit, Removal


def remove_project(client: gitlab.Gitlab, path: str, *, mark: str) -> Removal:
    """Look whose the project is and how this GitLab deletes, before anything is done to it.

    A GitLab that delays deletion shows the date of deletion with each project, as null where there is none; one that
    deletes at once has no such field. So it is known beforehand, without an administrator's rights.
    """
    raw = raw_project(client, path)
    if raw is None:
        return Removal.ABSENT
    if mark_of(raw.description) != mark:
        return Removal.NOT_OURS
    if is_marked_for_deletion(raw):
        return Removal.DELETED
    if raw.archived:
        return Removal.ARCHIVED
    if any(field in raw.attributes for field in DELETION_DATES):
        raw.archive()
        return Removal.ARCHIVED
    return _deleted(client, raw.id, path)


def _deleted(client: gitlab.Gitlab, number: int, path: str) -> Removal:
    """Delete at once, and look: what was only marked for deletion after all is restored and archived.

    It is looked at by its number, since GitLab renames what it has marked.
    """
    try:
        client.projects.delete(number)
    except gitlab.GitlabDeleteError as error:
        if is_missing(error):
            return Removal.ABSENT
        raise
    try:
        left = client.projects.get(number)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return Removal.DELETED
        raise
    if not is_marked_for_deletion(left):
        raise TemporaryError(f"GitLab has not finished deleting {path}.")
    left.restore()
    left.archive()
    return Removal.ARCHIVED


def remove_files(
    client: gitlab.Gitlab, path: str, paths: Collection[str], *, message: str, branch: str
) -> Commit | None:
    """Delete what is there at the branch's head; a file that somebody changes in between is GitLab's to refuse."""
    project = existing_project(client, path)
    base = repository.head_of(project, branch)
    if base is None:
        return None
    actions = [
        {"action": "delete", "file_path": file, "last_commit_id": last}
        for file in sorted(set(paths))
        if (last := _last_commit(project, file, base.sha))
    ]
    if not actions:
        return None
    commit = {"branch": branch, "commit_message": message, "actions": actions}
    return repository.commit_of(project.commits.create(commit))


def _last_commit(project: Any, file: str, ref: str) -> str | None:
    """The commit that changed the file last; None where there is no such file."""
    try:
        return repository.last_commit(project, file, ref)
    except gitlab.GitlabError as error:
        if is_missing(error):
            return None
        raise
