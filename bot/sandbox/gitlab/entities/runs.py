"""Pipelines, jobs and commit statuses."""

from typing import Any

from bot.sandbox.gitlab.ci import archives
from bot.sandbox.gitlab.entities import code, people
from bot.sandbox.gitlab.entities.times import iso, seconds
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.model import CommitStatus, Job, Pipeline

_WORDS = {"success": "passed", "waiting_for_resource": "waiting"}
_RUNNER = {
    "id": 1,
    "description": "sandbox",
    "ip_address": None,
    "active": True,
    "paused": False,
    "is_shared": True,
    "runner_type": "instance_type",
    "name": "gitlab-runner",
    "online": True,
    "status": "online",
}


def url(forge: Forge, pipeline: Pipeline) -> str:
    """The pipeline's page."""
    return f"{forge.web_url(forge.store.projects[pipeline.project_id])}/-/pipelines/{pipeline.id}"


def basic(forge: Forge, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline in a list."""
    return {
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": pipeline.project_id,
        "sha": pipeline.sha,
        "ref": pipeline.ref,
        "status": pipeline.status,
        "source": pipeline.source,
        "created_at": iso(pipeline.created_at),
        "updated_at": iso(pipeline.updated_at),
        "web_url": url(forge, pipeline),
    }


def full(forge: Forge, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline by itself."""
    duration = seconds(pipeline.started_at, pipeline.finished_at)
    word = _WORDS.get(pipeline.status, pipeline.status)
    return basic(forge, pipeline) | {
        "before_sha": pipeline.before_sha,
        "tag": pipeline.tag,
        "yaml_errors": pipeline.yaml_errors,
        "user": people.basic_by_id(forge, pipeline.user_id),
        "started_at": iso(pipeline.started_at),
        "finished_at": iso(pipeline.finished_at),
        "committed_at": iso(pipeline.committed_at),
        "duration": None if duration is None else int(duration),
        "queued_duration": int(seconds(pipeline.created_at, pipeline.started_at) or 0),
        "coverage": None,
        "detailed_status": {
            "icon": f"status_{pipeline.status}",
            "text": word.capitalize(),
            "label": word,
            "group": pipeline.status.replace("_", "-"),
            "tooltip": word,
            "has_details": True,
            "details_path": url(forge, pipeline).removeprefix(forge.url),
            "illustration": None,
            "favicon": "/-/static/favicon.svg",
        },
    }


def job(forge: Forge, record: Job, commit: Commit) -> dict[str, Any]:
    """A job by itself or in a list."""
    left = archives.entries(forge, record)
    archive = next((each for each in left if each["file_type"] == "archive"), None)
    file = (
        {"artifacts_file": {key: archive[key] for key in ("filename", "size")}} if archive else {}
    )
    return started_job(forge, record, commit) | {
        **file,
        "artifacts": left,
        "runner": _RUNNER if record.started_at else None,
        "runner_manager": None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": [],
    }


def started_job(forge: Forge, record: Job, commit: Commit) -> dict[str, Any]:
    """A job right after somebody started it."""
    pipeline = forge.store.pipelines[record.pipeline_id]
    project = forge.store.projects[record.project_id]
    user = forge.store.users[record.user_id]
    return {
        "id": record.id,
        "status": record.status,
        "stage": record.stage,
        "name": record.name,
        "ref": pipeline.ref,
        "tag": pipeline.tag,
        "coverage": None,
        "allow_failure": record.allow_failure,
        "created_at": iso(record.created_at),
        "started_at": iso(record.started_at),
        "finished_at": iso(record.finished_at),
        "erased_at": None,
        "duration": seconds(record.started_at, record.finished_at),
        "queued_duration": _queued(forge, record),
        "user": people.full(forge, user),
        "commit": code.commit(forge, project, commit),
        "pipeline": basic(forge, pipeline),
        "failure_reason": record.failure_reason,
        "web_url": f"{forge.web_url(project)}/-/jobs/{record.id}",
        "project": {"ci_job_token_scope_enabled": False},
    }


def _queued(forge: Forge, record: Job) -> float | None:
    """How long it waited for a runner; of one that still waits, up to now."""
    until = forge.now() if record.status == "pending" else record.started_at
    return seconds(record.queued_at, until)


def status(forge: Forge, record: CommitStatus) -> dict[str, Any]:
    """What an outside system says about a commit."""
    return {
        "id": record.id,
        "sha": record.sha,
        "ref": record.ref,
        "status": record.status,
        "name": record.name,
        "target_url": record.target_url,
        "description": record.description,
        "created_at": iso(record.created_at),
        "started_at": iso(record.started_at),
        "finished_at": iso(record.finished_at),
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": None,
        "author": people.basic_by_id(forge, record.author_id),
    }


def status_of_job(forge: Forge, record: Job) -> dict[str, Any]:
    """A job where statuses of a commit are listed."""
    pipeline = forge.store.pipelines[record.pipeline_id]
    project = forge.store.projects[record.project_id]
    return {
        "id": record.id,
        "sha": pipeline.sha,
        "ref": pipeline.ref,
        "status": record.status,
        "name": record.name,
        "target_url": f"{forge.web_url(project)}/-/jobs/{record.id}",
        "description": None,
        "created_at": iso(record.created_at),
        "started_at": iso(record.started_at),
        "finished_at": iso(record.finished_at),
        "allow_failure": record.allow_failure,
        "coverage": None,
        "pipeline_id": record.pipeline_id,
        "author": people.basic_by_id(forge, record.user_id),
    }
