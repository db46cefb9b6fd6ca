"""Who may steer a job once it was asked for."""

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.platform import Platform
from bot.domain.request import AppRequest, Visibility
from bot.pipeline.approvals import terms_of
from bot.ports.bundle import Ports


async def known(job_id: str, *, person: Person, ports: Ports) -> Job | None:
    """The job of an id that anybody may have sent; None also where they may not know that there is such a job."""
    job = await ports.jobs.load(job_id)
    return job if job and may_see(person, job, ports.platform) else None


def may_see(person: Person, job: Job, platform: Platform) -> bool:
    """Whether somebody may know of a job: of one for private repositories, only those whom it concerns."""
    request = job.request
    if not (isinstance(request, AppRequest) and request.visibility is Visibility.PRIVATE):
        return True
    return _concerns(person, job, platform) or _is_asked(person, job)


def _concerns(person: Person, job: Job, platform: Platform) -> bool:
    """The requester, the owner team and the platform group."""
    request = job.request
    return (
        person.user == request.requester.user
        or person.is_in(request.owner)
        or person.is_in(platform.platform_group)
    )


def _is_asked(person: Person, job: Job) -> bool:
    """Whether they are, or may come to be, among those who are asked to approve, or to look at a broken glass."""
    terms = terms_of(job)
    if not terms:
        return False
    asked = {group for stage in terms.stages for group in stage.groups} | {*terms.escalate_to}
    if glass := terms.break_glass:
        asked |= {*glass.groups, *glass.reviewers}
    return any(person.is_in(group) for group in asked)


def why_not_steer(person: Person, job: Job, platform: Platform) -> str | None:
    """Why this person may not retry or cancel the job; None for the requester, the owner team and the platform group."""
    request = job.request
    if _concerns(person, job, platform):
        return None
    return (
        f"Only {request.requester.name}, members of {request.owner.name} "
        f"and members of {platform.platform_group.name} can do this."
    )
