"""Wake the job that may be waiting for a project, because something happened to it."""

from bot.domain.naming import repository_stem
from bot.ports.bundle import Ports
from bot.usecases import taking_in


async def note_change(project: str, *, ports: Ports) -> str | None:
    """The id of the job that was woken; None when nobody waits for this project.

    Args:
        project: full path of the project that changed.
        ports: where the job is found.
    """
    job_id = await ports.jobs.holder("repository", repository_stem(project))
    if not job_id:
        return None
    await ports.jobs.signal(job_id)
    await taking_in.wake(job_id, ports=ports)
    return job_id
