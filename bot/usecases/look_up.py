"""Find jobs that people ask about."""

from collections.abc import Sequence

from bot.domain.job import Job
from bot.domain.naming import slug_of
from bot.ports.bundle import Ports

HOW_FAR_BACK = 200


async def look_up(words: str, *, ports: Ports) -> Job | None:
    """The job with that id, or the newest one for an application or system of that name."""
    wanted = words.strip()
    if job := await ports.jobs.load(wanted.lower()):
        return job
    slug = slug_of(wanted)
    jobs = await recent(ports=ports, limit=HOW_FAR_BACK)
    return next((job for job in jobs if slug and slug in _names(job)), None)


async def recent(*, ports: Ports, limit: int = 20) -> Sequence[Job]:
    """The newest jobs first."""
    return await ports.jobs.recent(limit)


def _names(job: Job) -> set[str]:
    request = job.request
    names = {request.slug}
    if request.kind == "new-app":
        names |= {f"{request.system.name}-{request.slug}", request.hostname}
    return names
