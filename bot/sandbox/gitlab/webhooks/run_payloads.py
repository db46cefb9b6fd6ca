"""The bodies of webhooks that tell of pipelines and jobs."""

from typing import Any

from bot.sandbox.gitlab.entities.times import seconds, spoken
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.model import Job, Pipeline, Project
from bot.sandbox.gitlab.webhooks import payloads


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
        "merge_request": _merge_request(forge, record, run),
        "user": payloads.user(forge.store.users[run.user_id]),
        "project": payloads.project(forge, record),
        "commit": payloads.commit(forge, record, found),
        "builds": [_build(forge, job) for job in jobs],
    }


def _merge_request(forge: Forge, record: Project, run: Pipeline) -> dict[str, Any] | None:
    request = forge.store.merge_requests.get(run.merge_request_id)
    if request is None:
        return None
    return {
        "id": request.id,
        "iid": request.iid,
        "title": request.title,
        "source_branch": request.source_branch,
        "source_project_id": record.id,
        "target_branch": request.target_branch,
        "target_project_id": record.id,
        "state": request.state,
        "merge_status": "cannot_be_merged" if request.has_conflicts else "can_be_merged",
        "detailed_merge_status": "conflict" if request.has_conflicts else "mergeable",
        "url": f"{forge.web_url(record)}/-/merge_requests/{request.iid}",
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
        "user": payloads.user(forge.store.users[job.user_id]),
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
    project = payloads.project(forge, record)
    return _build_fields(one) | {
        "object_kind": "build",
        "ref": run.ref,
        "tag": run.tag,
        "before_sha": run.before_sha,
        "sha": run.sha,
        "retries_count": 0,
        "pipeline_id": run.id,
        "project_id": record.id,
        "project_name": f"{forge.namespace_of(record).full_name} / {record.name}",
        "user": payloads.user(forge.store.users[one.user_id]),
        "commit": _commit_of_run(run, found),
        "repository": {
            "name": record.name,
            "url": project["ssh_url"],
            "homepage": project["web_url"],
            "git_http_url": project["git_http_url"],
        },
        "project": project,
        "runner": _RUNNER if one.started_at else None,
        "environment": {"name": one.environment, "action": "start"} if one.environment else None,
        "source_pipeline": None,
    }


def _build_fields(one: Job) -> dict[str, Any]:
    return {
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
    }


def _commit_of_run(run: Pipeline, found: Commit) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": None,
        "sha": run.sha,
        "message": found.message,
        "author_name": found.author_name,
        "author_email": found.author_email,
        "author_url": f"mailto:{found.author_email}",
        "status": run.status,
        "duration": seconds(run.started_at, run.finished_at),
        "started_at": spoken(run.started_at),
        "finished_at": spoken(run.finished_at),
    }
