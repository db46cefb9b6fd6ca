"""Who may steer a job once it was asked for."""

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.domain.platform import Platform
from bot.pipeline.seeing import concerns, may_see
from bot.ports.bundle import Ports


async def known(job_id: str, *, person: Person, ports: Ports) -> Job | None:
    """The job of an id that anybody may have sent; None also where they may not know that there is such a job."""
    job = await ports.jobs.load(job_id)
    return job if job and may_see(person, job, ports.platform) else None


def why_not_steer(person: Person, job: Job, platform: Platform) -> str | None:
    """Why this person may not retry or cancel the job; None for the requester, the owner team and the platform group."""
    request = job.request
    if concerns(person, job, platform):
        return None
    return (
        f"Only {request.requester.name}, members of {request.owner.name} "
        f"and members of {platform.platform_group.name} can do this."
    )
