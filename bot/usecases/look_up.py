"""Find jobs that people ask about."""

from collections.abc import Callable, Sequence

from bot.domain.job import Job
from bot.domain.naming import slug_of
from bot.ports.job_store import JobStore

HOW_FAR_BACK = 200


async def look_up(words: str, *, jobs: JobStore, may_see: Callable[[Job], bool]) -> Job | None:
    """The job with that id, or the newest one for an application or system of that name.

    Args:
        words: the id or the name.
        jobs: where it is looked for.
        may_see: which jobs there are for whoever asks; others of the same name are passed over.
    """
    wanted = words.strip()
    job = await jobs.load(wanted.lower())
    if job and may_see(job):
        return job
    slug = slug_of(wanted)
    newest = await recent(jobs=jobs, limit=HOW_FAR_BACK)
    return next((job for job in newest if slug and slug in _names(job) and may_see(job)), None)


async def recent(*, jobs: JobStore, limit: int = 20) -> Sequence[Job]:
    """The newest jobs first."""
    return await jobs.recent(limit)


def _names(job: Job) -> set[str]:
    request = job.request
    names = {request.slug}
    if request.kind == "new-app":
        names |= {f"{request.system.name}-{request.slug}", request.hostname}
    return names
