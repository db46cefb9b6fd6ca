"""What became of a project that was to be removed, in words."""

from bot.pipeline.facts import TakenBack
from bot.ports.git_host import Removal


def removed(path: str, removal: Removal) -> TakenBack:
    """Say it of a project."""
    said = {
        Removal.DELETED: f"{path} is deleted.",
        Removal.ARCHIVED: f"{path} is archived, as GitLab would keep its name for days if it were deleted.",
        Removal.ABSENT: f"There was no {path}.",
        Removal.NOT_OURS: f"{path} was not made for this request, so it stays.",
    }
    return TakenBack(remark=said[removal])
