"""Who asks, and where projects live: users, namespaces, members and tokens."""

from datetime import date, datetime
from typing import Literal

from bot.sandbox.gitlab.model.record import Level, Record, Visibility


class User(Record):
    """A person, or the bot user behind a project access token."""

    username: str
    name: str
    email: str
    created_at: datetime
    admin: bool = False
    bot: bool = False


class Namespace(Record):
    """A group, or the personal namespace of a user; both share one sequence of ids, as in GitLab."""

    kind: Literal["group", "user"]
    name: str
    path: str
    full_path: str
    full_name: str
    created_at: datetime
    parent_id: int | None = None
    owner_id: int | None = None
    description: str = ""
    visibility: Visibility = Visibility.PRIVATE
    project_creation_level: str = "developer"
    subgroup_creation_level: str = "maintainer"
    default_branch: str | None = None


class Member(Record):
    """The role of a user in a group or project."""

    source: Literal["group", "project"]
    source_id: int
    user_id: int
    access_level: Level
    created_at: datetime
    created_by_id: int | None = None
    expires_at: date | None = None


class Token(Record):
    """Any secret that identifies a caller. Only its digest is kept: GitLab shows a token once."""

    kind: Literal["personal", "project", "deploy", "job"]
    name: str
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    user_id: int | None = None
    project_id: int | None = None
    job_id: int | None = None
    username: str | None = None
    access_level: Level | None = None
    description: str | None = None
    expires_at: date | None = None
    last_used_at: datetime | None = None
    revoked: bool = False
