"""The bodies of webhooks: push and merge request."""

from typing import Any

from bot.sandbox.gitlab.entities.times import spoken, zoned
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.git.repository import RefChange
from bot.sandbox.gitlab.model import MergeRequest, Project, User

SHOWN_COMMITS = 20
_VISIBILITY_LEVELS = {"private": 0, "internal": 10, "public": 20}


def project(forge: Forge, record: Project) -> dict[str, Any]:
    """The project that it happened in."""
    url = forge.web_url(record)
    ssh = f"git@{forge.registry_host.split(':')[0]}:{forge.full_path(record)}.git"
    return {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "web_url": url,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": f"{url}.git",
        "namespace": forge.namespace_of(record).name,
        "visibility_level": _VISIBILITY_LEVELS[record.visibility],
        "path_with_namespace": forge.full_path(record),
        "default_branch": record.default_branch,
        "ci_config_path": record.settings.get("ci_config_path"),
        "homepage": url,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": f"{url}.git",
    }


def user(record: User) -> dict[str, Any]:
    """Who did it."""
    return {
        "id": record.id,
        "name": record.name,
        "username": record.username,
        "avatar_url": None,
        "email": record.email,
    }


def commit(forge: Forge, record: Project, found: Commit) -> dict[str, Any]:
    """A commit, without its files."""
    return {
        "id": found.sha,
        "message": found.message,
        "title": found.title,
        "timestamp": zoned(found.committed_at),
        "url": f"{forge.web_url(record)}/-/commit/{found.sha}",
        "author": {"name": found.author_name, "email": found.author_email},
    }


def push(
    forge: Forge,
    record: Project,
    actor: User,
    change: RefChange,
    commits: list[dict[str, Any]],
) -> dict[str, Any]:
    """A branch or tag moved; `commits` are all that the push brought, the newest last."""
    kind = "tag_push" if change.is_tag else "push"
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": change.before,
        "after": change.after,
        "ref": change.ref,
        "ref_protected": False,
        "checkout_sha": None if change.is_deletion else change.after,
        "message": None,
        "user_id": actor.id,
        "user_name": actor.name,
        "user_username": actor.username,
        "user_email": "",
        "user_avatar": None,
        "project_id": record.id,
        "project": project(forge, record),
        "commits": commits[-SHOWN_COMMITS:],
        "total_commits_count": len(commits),
        "push_options": {},
        "repository": {
            "name": record.name,
            "url": project(forge, record)["ssh_url"],
            "description": record.description,
            "homepage": forge.web_url(record),
            "git_http_url": f"{forge.web_url(record)}.git",
            "visibility_level": _VISIBILITY_LEVELS[record.visibility],
        },
    }


def merge_request(
    forge: Forge, record: Project, actor: User, request: MergeRequest, action: str, last: Commit
) -> dict[str, Any]:
    """A merge request was opened, updated, approved, closed or merged."""
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": user(actor),
        "project": project(forge, record),
        "object_attributes": {
            "id": request.id,
            "iid": request.iid,
            "title": request.title,
            "description": request.description,
            "state": request.state,
            "action": action,
            "author_id": request.author_id,
            "source_branch": request.source_branch,
            "target_branch": request.target_branch,
            "source_project_id": record.id,
            "target_project_id": record.id,
            "created_at": spoken(request.created_at),
            "updated_at": spoken(request.updated_at),
            "merge_commit_sha": request.merge_commit_sha,
            "merge_status": "can_be_merged",
            "detailed_merge_status": "conflict" if request.has_conflicts else "mergeable",
            "last_commit": commit(forge, record, last),
            "draft": request.title.startswith("Draft:"),
            "work_in_progress": request.title.startswith("Draft:"),
            "url": f"{forge.web_url(record)}/-/merge_requests/{request.iid}",
            "source": project(forge, record),
            "target": project(forge, record),
            "labels": [],
        },
        "labels": [],
        "changes": {},
        "repository": {"name": record.name, "homepage": forge.web_url(record)},
    }
