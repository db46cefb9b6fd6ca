"""The bodies of webhooks: push, pipeline, job and merge request."""

from typing import Any

from bot.sandbox.gitlab.entities.times import seconds, spoken, zoned
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.git.repository import RefChange
from bot.sandbox.gitlab.model import Job, MergeRequest, Pipeline, Project, User

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


def pipeline(
    forge: Forge, record: Project, run: Pipeline, jobs: list[Job], found: Commit
) -> dict[str, Any]:
    """A pipeline changed its status."""
    duration = seconds(run.started_at, run.finished_at)
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": run.id,
            "iid": run.iid,
            "name": None,
            "ref": run.ref,
            "tag": run.tag,
            "sha": run.sha,
            "before_sha": run.before_sha,
            "source": run.source,
            "status": run.status,
            "detailed_status": "passed" if run.status == "success" else run.status,
            "stages": list(run.stages),
            "created_at": spoken(run.created_at),
            "finished_at": spoken(run.finished_at),
            "duration": None if duration is None else int(duration),
            "queued_duration": int(seconds(run.created_at, run.started_at) or 0),
            "variables": [{"key": key, "value": value} for key, value in run.variables.items()],
            "url": f"{forge.web_url(record)}/-/pipelines/{run.id}",
        },
        "merge_request": None,
        "user": user(forge.store.users[run.user_id]),
        "project": project(forge, record),
        "commit": commit(forge, record, found),
        "builds": [_build(forge, job) for job in jobs],
    }


def _build(forge: Forge, job: Job) -> dict[str, Any]:
    environment = {"name": job.environment, "action": "start", "deployment_tier": None}
    return {
        "id": job.id,
        "stage": job.stage,
        "name": job.name,
        "status": job.status,
        "created_at": spoken(job.created_at),
        "started_at": spoken(job.started_at),
        "finished_at": spoken(job.finished_at),
        "duration": seconds(job.started_at, job.finished_at),
        "queued_duration": seconds(job.queued_at, job.started_at),
        "failure_reason": job.failure_reason,
        "when": job.when,
        "manual": job.when == "manual",
        "allow_failure": job.allow_failure,
        "user": user(forge.store.users[job.user_id]),
        "runner": _RUNNER if job.started_at else None,
        "artifacts_file": {"filename": None, "size": None},
        "environment": environment if job.environment else None,
    }


_RUNNER = {
    "id": 1,
    "description": "sandbox",
    "runner_type": "instance_type",
    "active": True,
    "is_shared": True,
    "tags": [],
}


def job(forge: Forge, record: Project, run: Pipeline, one: Job, found: Commit) -> dict[str, Any]:
    """A job changed its status. The kind is `build`, and the commit's id is the pipeline's, as in GitLab."""
    started = {"started_at": spoken(run.started_at), "finished_at": spoken(run.finished_at)}
    return {
        "object_kind": "build",
        "ref": run.ref,
        "tag": run.tag,
        "before_sha": run.before_sha,
        "sha": run.sha,
        "build_id": one.id,
        "build_name": one.name,
        "build_stage": one.stage,
        "build_status": one.status,
        "build_created_at": spoken(one.created_at),
        "build_started_at": spoken(one.started_at),
        "build_finished_at": spoken(one.finished_at),
        "build_duration": seconds(one.started_at, one.finished_at),
        "build_queued_duration": seconds(one.queued_at, one.started_at),
        "build_allow_failure": one.allow_failure,
        "build_failure_reason": one.failure_reason or "unknown_failure",
        "retries_count": 0,
        "pipeline_id": run.id,
        "project_id": record.id,
        "project_name": f"{forge.namespace_of(record).full_name} / {record.name}",
        "user": user(forge.store.users[one.user_id]),
        "commit": {
            "id": run.id,
            "name": None,
            "sha": run.sha,
            "message": found.message,
            "author_name": found.author_name,
            "author_email": found.author_email,
            "author_url": f"mailto:{found.author_email}",
            "status": run.status,
            "duration": None,
        }
        | started,
        "repository": {
            "name": record.name,
            "url": project(forge, record)["ssh_url"],
            "homepage": forge.web_url(record),
            "git_http_url": f"{forge.web_url(record)}.git",
        },
        "project": project(forge, record),
        "runner": _RUNNER if one.started_at else None,
        "environment": {"name": one.environment, "action": "start"} if one.environment else None,
        "source_pipeline": None,
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
