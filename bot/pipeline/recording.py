"""Add to the audit what happened to a job: derived from its history alone, so that a crash loses nothing of it."""

from collections.abc import Sequence

from bot.domain.approval import Verdict
from bot.domain.audit import AuditEntry, EntryKind
from bot.domain.break_glass import REVIEWED
from bot.domain.job import Job
from bot.domain.notices import card_of
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.pipelines import PIPELINES
from bot.ports.bundle import Ports
from bot.ports.job_store import Event, Lease

_DECISIONS = frozenset(Verdict)
_STEPS = {"began": EntryKind.ATTEMPT, "done": EntryKind.EFFECT}


async def record(lease: Lease, ports: Ports) -> None:
    """Record all that is in the history; a job is not let go of for good before.

    The audit leaves out what it has. So it does no harm if the mark is lost, or a worker that lost the job does the same.

    Raises:
        LeaseLost: another worker has taken the job over.
    """
    job = await lease.load()
    if job.audited_version == job.version:
        return
    entries = entries_of(job, await ports.jobs.history(job.id))
    await ports.audit.record(entries)
    await lease.write_audited(entries[-1].version)


def entries_of(job: Job, history: Sequence[Event]) -> tuple[AuditEntry, ...]:
    """An entry for each event, with the plan that held at that time and the place where people see the job."""
    card = card_of(job)
    plan_step = PIPELINES[job.request.kind].plan_step.name
    entries, plan = [], ""
    for event in history:
        plan = event.made if event.made and event.step == plan_step else plan
        entries.append(
            AuditEntry(
                kind=_kind_of(event),
                at=event.at,
                what=event.what,
                who=str(event.by.user) if event.by else "",
                slack_id=event.by.slack_id if event.by else "",
                job=job.id,
                version=event.version,
                subject=subject_of(job.request),
                step=event.step,
                detail=event.detail,
                plan=plan,
                made=event.made,
                permalink=card.permalink if card else "",
            )
        )
    return tuple(entries)


def subject_of(request: AppRequest | SystemRequest) -> str:
    """What is asked for, in a line that still says it when the job is forgotten."""
    return f"{request.kind} {request.slug} of {request.owner} from {request.template}"


def _kind_of(event: Event) -> EntryKind:
    if event.what in _DECISIONS:
        return EntryKind.DECISION
    if event.what == REVIEWED:
        return EntryKind.REVIEW
    if event.by:
        return EntryKind.REQUEST
    return _STEPS.get(event.what, EntryKind.OUTCOME) if event.step else EntryKind.OUTCOME
