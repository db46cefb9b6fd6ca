"""Who may steer a job once it was asked for."""

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.platform import Platform


def why_not_steer(person: Person, job: Job, platform: Platform) -> str | None:
    """Why this person may not retry or cancel the job; None for the requester, the owner team and the platform group."""
    request = job.request
    may = (
        person.user == request.requester.user
        or person.is_in(request.owner)
        or person.is_in(platform.platform_group)
    )
    if may:
        return None
    return (
        f"Only {request.requester.name}, members of {request.owner.name} "
        f"and members of {platform.platform_group.name} can do this."
    )
