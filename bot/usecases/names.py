"""The names that a request holds while its job is under way, so that no other one makes the same."""

from collections.abc import Mapping

from bot.domain.errors import RequestRejected
from bot.domain.job import Job, JobState
from bot.domain.request import AppRequest, SystemRequest
from bot.ports.bundle import Ports
from bot.usecases import check_app

_LEFT_BEHIND = {JobState.FAILED: "failed", JobState.CANCELLED: "was cancelled"}


async def hold(request: AppRequest | SystemRequest, *, job_id: str, ports: Ports) -> None:
    """Hold all names of a request for its job.

    Raises:
        RequestRejected: another job holds some of them; none is held then.
    """
    held = _names(request, ports)
    taken = await ports.jobs.reserve(held, job_id=job_id, now=ports.clock())
    if taken:
        raise RequestRejected(
            {
                "hostname" if kind == "host" else "name": _why_not(
                    held[kind], other, await ports.jobs.load(other)
                )
                for kind, other in taken.items()
            }
        )


def _why_not(name: str, job_id: str, job: Job | None) -> str:
    if not (job and job.state in _LEFT_BEHIND):
        return f"“{name}” is being made by job {job_id}; choose another name."
    return (
        f"“{name}” belongs to job {job_id}, which {_LEFT_BEHIND[job.state]} and may have left things behind; "
        "have that job undone, or choose another name."
    )


def _names(request: AppRequest | SystemRequest, ports: Ports) -> Mapping[str, str]:
    if isinstance(request, SystemRequest):
        return {"system": request.slug}
    host = ports.platform.first_environment.host(request.hostname)
    names = check_app.names_of(request, ports)
    return {"app": names.full_name, "component": names.component, "host": host}
