"""Commits, trees, branches, tags and diffs."""

from typing import Any

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.access import Caller
from bot.sandbox.gitlab.entities.times import iso, zoned
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.diffs import FileDiff
from bot.sandbox.gitlab.git.reading import Commit, Entry
from bot.sandbox.gitlab.model import Level, Project, ProtectedBranch

_SHORT = 8
_ROLES = {
    Level.NONE: "No one",
    Level.DEVELOPER: "Developers + Maintainers",
    Level.MAINTAINER: "Maintainers",
    Level.ADMIN: "Administrators",
}


def commit(forge: Forge, project: Project, found: Commit) -> dict[str, Any]:
    """A commit in a list."""
    trailers = found.trailers
    return {
        "id": found.sha,
        "short_id": found.sha[:_SHORT],
        "created_at": zoned(found.committed_at),
        "parent_ids": list(found.parents),
        "title": found.title,
        "message": found.message,
        "author_name": found.author_name,
        "author_email": found.author_email,
        "authored_date": zoned(found.authored_at),
        "committer_name": found.committer_name,
        "committer_email": found.committer_email,
        "committed_date": zoned(found.committed_at),
        "trailers": {key: values[-1] for key, values in trailers.items()},
        "extended_trailers": trailers,
        "web_url": f"{forge.web_url(project)}/-/commit/{found.sha}",
    }


def entry(found: Entry) -> dict[str, Any]:
    """A line of a tree."""
    return {
        "id": found.sha,
        "name": found.name,
        "type": found.type,
        "path": found.path,
        "mode": found.mode,
    }


def branch(
    forge: Forge, project: Project, caller: Caller, name: str, tip: Commit, *, merged: bool
) -> dict[str, Any]:
    """A branch."""
    rules = access.protections(forge, project, name)
    return {
        "name": name,
        "commit": commit(forge, project, tip),
        "merged": merged,
        "protected": bool(rules),
        "developers_can_push": any(rule.push_level is Level.DEVELOPER for rule in rules),
        "developers_can_merge": any(rule.merge_level is Level.DEVELOPER for rule in rules),
        "can_push": access.may_push(forge, caller, project, name),
        "default": name == project.default_branch,
        "web_url": f"{forge.web_url(project)}/-/tree/{name}",
    }


def tag(
    forge: Forge, project: Project, name: str, at: Commit, message: str | None, target: str
) -> dict[str, Any]:
    """A tag."""
    return {
        "name": name,
        "message": message or "",
        "target": target,
        "commit": commit(forge, project, at),
        "release": None,
        "protected": False,
        "created_at": iso(at.committed_at) if message else None,
    }


def diff(found: FileDiff) -> dict[str, Any]:
    """The change of one file."""
    return {
        "diff": found.text,
        "new_path": found.new_path,
        "old_path": found.old_path,
        "a_mode": found.old_mode,
        "b_mode": found.new_mode,
        "new_file": found.is_new,
        "renamed_file": found.is_renamed,
        "deleted_file": found.is_deleted,
        "generated_file": False,
    }


def protected_branch(rule: ProtectedBranch) -> dict[str, Any]:
    """Who may push and merge."""
    return {
        "id": rule.id,
        "name": rule.name,
        "push_access_levels": _levels(rule.id * 10, rule.push_level, rule.push_user_ids),
        "merge_access_levels": _levels(rule.id * 10 + 5, rule.merge_level, rule.merge_user_ids),
        "allow_force_push": rule.allow_force_push,
        "unprotect_access_levels": [],
        "code_owner_approval_required": rule.code_owner_approval_required,
        "inherited": False,
    }


def _levels(first_id: int, level: Level, user_ids: tuple[int, ...]) -> list[dict[str, Any]]:
    nobody = {"deploy_key_id": None, "user_id": None, "group_id": None}
    shown = [
        nobody
        | {
            "id": first_id,
            "access_level": int(level),
            "access_level_description": _ROLES.get(level, "Maintainers"),
        }
    ]
    for offset, user_id in enumerate(user_ids, start=1):
        shown.append(
            nobody
            | {
                "id": first_id + offset,
                "access_level": int(Level.MAINTAINER),
                "access_level_description": f"User {user_id}",
                "user_id": user_id,
            }
        )
    return shown
