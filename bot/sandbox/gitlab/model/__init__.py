"""The records that GitLab keeps."""

from bot.sandbox.gitlab.model.identity import Member, Namespace, Token, User
from bot.sandbox.gitlab.model.project import (
    Delivery,
    Hook,
    ImageRepository,
    ImageTag,
    Project,
    ProtectedBranch,
    Variable,
)
from bot.sandbox.gitlab.model.record import Level, Record, Visibility
from bot.sandbox.gitlab.model.settings import Settings
from bot.sandbox.gitlab.model.work import (
    CommitStatus,
    Deployment,
    Environment,
    Job,
    MergeRequest,
    Note,
    Pipeline,
)

__all__ = [
    "CommitStatus",
    "Delivery",
    "Deployment",
    "Environment",
    "Hook",
    "ImageRepository",
    "ImageTag",
    "Job",
    "Level",
    "Member",
    "MergeRequest",
    "Namespace",
    "Note",
    "Pipeline",
    "Project",
    "ProtectedBranch",
    "Record",
    "Settings",
    "Token",
    "User",
    "Variable",
    "Visibility",
]
