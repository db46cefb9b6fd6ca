"""Who may steer a job once it was asked for."""

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.platform import Platform
from bot.domain.request import AppRequest, Visibility


def may_see(person: Person | None, job: Job, platform: Platform) -> bool:
    """Whether somebody may know of a job: of one for private repositories, only those whom it concerns."""
    request = job.request
    if not (isinstance(request, AppRequest) and request.visibility is Visibility.PRIVATE):
        return True
    return person is not None and _concerns(person, job, platform)


def _concerns(person: Person, job: Job, platform: Platform) -> bool:
    """The requester, the owner team and the platform group."""
    request = job.request
    return (
        person.user == request.requester.user
        or person.is_in(request.owner)
        or person.is_in(platform.platform_group)
    )


def why_not_steer(person: Person, job: Job, platform: Platform) -> str | None:
    """Why this person may not retry or cancel the job; None for the requester, the owner team and the platform group."""
    request = job.request
    if _concerns(person, job, platform):
        return None
    return (
        f"Only {request.requester.name}, members of {request.owner.name} "
        f"and members of {platform.platform_group.name} can do this."
    )
