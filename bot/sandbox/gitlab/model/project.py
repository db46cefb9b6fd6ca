"""A project with what is set on it."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from bot.sandbox.gitlab.model.record import Level, Record, Visibility


class Project(Record):
    """A repository with its settings."""

    name: str
    path: str
    namespace_id: int
    created_at: datetime
    last_activity_at: datetime
    creator_id: int
    description: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    default_branch: str = "main"
    archived: bool = False
    marked_for_deletion_on: date | None = None
    topics: tuple[str, ...] = ()
    readme: str | None = None
    former_paths: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    refs: dict[str, str] = Field(default_factory=dict)
    """The branches and tags whose change has been acted on; what the repository has beyond it is still to do."""

    @property
    def is_read_only(self) -> bool:
        """Whether nobody may write to it: it is archived, or about to be deleted."""
        return self.archived or self.marked_for_deletion_on is not None


class Variable(Record):
    """A CI/CD variable of a group or project."""

    source: Literal["group", "project"]
    source_id: int
    key: str
    value: str
    variable_type: Literal["env_var", "file"] = "env_var"
    protected: bool = False
    masked: bool = False
    hidden: bool = False
    raw: bool = False
    environment_scope: str = "*"
    description: str | None = None


class ProtectedBranch(Record):
    """Who may push and merge to the branches that a name or wildcard stands for."""

    project_id: int
    name: str
    push_level: Level = Level.MAINTAINER
    merge_level: Level = Level.MAINTAINER
    unprotect_level: Level = Level.MAINTAINER
    push_user_ids: tuple[int, ...] = ()
    merge_user_ids: tuple[int, ...] = ()
    allow_force_push: bool = False
    code_owner_approval_required: bool = False


class Hook(Record):
    """A webhook of a project."""

    project_id: int
    url: str
    created_at: datetime
    uuid: str
    name: str | None = None
    description: str | None = None
    token: str | None = None
    signing_token: str | None = None
    events: tuple[str, ...] = ("push_events",)
    enable_ssl_verification: bool = True
    push_events_branch_filter: str = ""
    branch_filter_strategy: str = "wildcard"
    custom_headers: dict[str, str] = Field(default_factory=dict)
    failures: int = 0
    backoffs: int = 0
    disabled_until: datetime | None = None


class Delivery(Record):
    """One webhook on its way, or what became of it."""

    hook_id: int
    trigger: str
    event: str
    body: dict[str, Any]
    idempotency_key: str
    event_uuid: str
    created_at: datetime
    attempts: int = 0
    done: bool = False
    response_status: str = ""
    response_body: str = ""
    duration: float = 0.0


class ImageRepository(Record):
    """A place for images in a project's container registry."""

    project_id: int
    path: str
    created_at: datetime


class ImageTag(Record):
    """A name for one manifest of an image repository."""

    repository_id: int
    name: str
    digest: str
    created_at: datetime
