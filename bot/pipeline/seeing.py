"""Who may know of a job: of one for private repositories, only those whom it concerns."""

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.platform import Platform
from bot.pipeline.approvals import terms_of


def may_see(person: Person, job: Job, platform: Platform) -> bool:
    """Whether somebody may know of a job."""
    return not job.is_private or concerns(person, job, platform) or _is_asked(person, job)


def concerns(person: Person, job: Job, platform: Platform) -> bool:
    """Whether it is the requester, or somebody of the owner team or the platform group."""
    request = job.request
    return (
        person.user == request.requester.user
        or person.is_in(request.owner)
        or person.is_in(platform.platform_group)
    )


def _is_asked(person: Person, job: Job) -> bool:
    """Whether they are, or may come to be, among those who are asked to approve, or to look at a broken glass."""
    terms, broken = terms_of(job), job.broken_glass
    asked = {group for stage in terms.stages for group in stage.groups} if terms else set()
    asked |= {*terms.escalate_to} if terms else set()
    for glass in (terms and terms.break_glass, broken and broken.glass):
        asked |= {*glass.groups, *glass.reviewers} if glass else set()
    return any(person.is_in(group) for group in asked)
