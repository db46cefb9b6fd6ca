"""What every record is, and the scales that GitLab measures by."""

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict


class Level(IntEnum):
    """GitLab's roles, as the numbers that its API uses."""

    NONE = 0
    MINIMAL = 5
    GUEST = 10
    PLANNER = 15
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50
    ADMIN = 60


class Visibility(StrEnum):
    """Who may see a namespace or project without being a member."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"

    @property
    def rank(self) -> int:
        """How open it is; a project is never more open than its group."""
        return list(Visibility).index(self)


class Record(BaseModel):
    """A row: frozen, so that every change goes through the store."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
