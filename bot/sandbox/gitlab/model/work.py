"""What happens to code: pipelines, jobs, statuses and merge requests."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.sandbox.gitlab.model.record import Record


class Pipeline(Record):
    """One run of a project's `.gitlab-ci.yml`."""

    project_id: int
    iid: int
    sha: str
    ref: str
    source: str
    created_at: datetime
    updated_at: datetime
    user_id: int
    tag: bool = False
    before_sha: str = "0" * 40
    merge_request_id: int | None = None
    changed_since: str | None = None
    status: str = "created"
    config: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    yaml_errors: str | None = None
    failure_reason: str | None = None
    stages: tuple[str, ...] = ()
    committed_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Job(Record):
    """One job of a pipeline; a retry is another job of the same name."""

    pipeline_id: int
    project_id: int
    name: str
    stage: str
    created_at: datetime
    user_id: int
    status: str = "created"
    when: str = "on_success"
    allow_failure: bool = False
    environment: str | None = None
    environment_action: str = "start"
    environment_url: str | None = None
    resource_group: str | None = None
    failure_reason: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    played: bool = False
    cancel_requested: bool = False
    retried: bool = False


class Environment(Record):
    """Somewhere that jobs deploy to."""

    project_id: int
    name: str
    slug: str
    created_at: datetime
    updated_at: datetime
    tier: str = "other"
    state: Literal["available", "stopping", "stopped"] = "available"
    external_url: str | None = None
    description: str | None = None


class Deployment(Record):
    """One job's try to bring a commit to an environment."""

    project_id: int
    iid: int
    environment_id: int
    job_id: int
    ref: str
    sha: str
    user_id: int
    created_at: datetime
    updated_at: datetime
    status: str = "created"


class CommitStatus(Record):
    """What an outside system says about a commit."""

    project_id: int
    sha: str
    ref: str
    name: str
    status: str
    created_at: datetime
    author_id: int
    target_url: str | None = None
    description: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class MergeRequest(Record):
    """The wish to merge one branch of a project into another."""

    project_id: int
    iid: int
    title: str
    source_branch: str
    target_branch: str
    author_id: int
    created_at: datetime
    updated_at: datetime
    sha: str
    target_sha: str
    description: str | None = None
    state: Literal["opened", "closed", "merged"] = "opened"
    labels: tuple[str, ...] = ()
    assignee_ids: tuple[int, ...] = ()
    reviewer_ids: tuple[int, ...] = ()
    approver_ids: tuple[int, ...] = ()
    squash: bool = False
    remove_source_branch: bool = False
    auto_merge: bool = False
    has_conflicts: bool = False
    merge_error: str | None = None
    merge_user_id: int | None = None
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    closed_by_id: int | None = None
    closed_at: datetime | None = None


class Note(Record):
    """A comment on a merge request."""

    project_id: int
    merge_request_iid: int
    author_id: int
    body: str
    created_at: datetime
    system: bool = False
