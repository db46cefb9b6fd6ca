"""The names that a request holds while its job is under way, so that no other one makes the same."""

from collections.abc import Mapping

from bot.domain.entities import Person
from bot.domain.errors import RequestRejected
from bot.domain.job import Job, JobState
from bot.domain.naming import field_behind, held_names
from bot.domain.request import AppRequest, SystemRequest
from bot.ports.bundle import Ports
from bot.ports.job_store import Unreadable
from bot.usecases import check_app
from bot.usecases.rights import known

_LEFT_BEHIND = {JobState.FAILED: "failed", JobState.CANCELLED: "was cancelled"}


async def hold(request: AppRequest | SystemRequest, *, job_id: str, ports: Ports) -> None:
    """Hold all names of a request for its job.

    Raises:
        RequestRejected: another job holds some of them; none is held then.
    """
    held = _names(request, ports)
    taken = await ports.jobs.reserve(held, job_id=job_id, now=ports.clock())
    problems: dict[str, str] = {}
    for kind in (kind for kind in held if kind in taken):
        holder = await _holder(taken[kind], person=request.requester, ports=ports)
        problems.setdefault(field_behind(kind), _why_not(kind, held[kind], holder))
    if problems:
        raise RequestRejected(problems)


async def _holder(job_id: str, *, person: Person, ports: Ports) -> Job | None:
    """The job that holds a name, for those who may know of it."""
    try:
        return await known(job_id, person=person, ports=ports)
    except Unreadable:
        return None


def _why_not(kind: str, name: str, holder: Job | None) -> str:
    by = f"job {holder.id}" if holder else "another request"
    otherwise = f"choose another {field_behind(kind)}."
    if holder and holder.state in _LEFT_BEHIND:
        return (
            f"“{name}” belongs to {by}, which {_LEFT_BEHIND[holder.state]} and may have left things behind; "
            f"have that job undone, or {otherwise}"
        )
    if kind == "repository":
        return f"One of its repositories would be one that {by} makes; {otherwise}"
    return f"“{name}” is being made by {by}; {otherwise}"


def _names(request: AppRequest | SystemRequest, ports: Ports) -> Mapping[str, str]:
    if isinstance(request, SystemRequest):
        return {"system": request.slug}
    host = ports.platform.first_environment.host(request.hostname)
    return held_names(check_app.names_of(request, ports), host=host)
