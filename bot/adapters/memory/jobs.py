"""Jobs in a dictionary, with the same refusals as the real store: fences, first decisions, unseen signals."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.memory.lease import LEASE, MemoryLease
from bot.domain.approval import Decision
from bot.domain.break_glass import REVIEWED, Review
from bot.domain.census import Census, census
from bot.domain.entities import Person
from bot.domain.job import Fix, HelpAsked, Job, JobState
from bot.domain.limits import Freeze
from bot.domain.request import Request
from bot.ports.clock import Clock
from bot.ports.job_store import Answer, Busy, Event, Unreadable

FIRST_LOOK = timedelta(seconds=5)
HANDED_OUT_FOR = timedelta(seconds=2)
HALF_MADE = timedelta(minutes=1)


class MemoryJobs:
    """The job store of one process, gone with it; it behaves as if another version had written to the `unreadable`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.jobs: dict[str, Job] = {}
        self.unreadable: set[str] = set()
        self.events: dict[str, list[Event]] = {}
        self.due_at: dict[str, datetime] = {}
        self.names: dict[str, tuple[str, datetime]] = {}
        self.leases: dict[str, tuple[int, datetime]] = {}
        self.fences: dict[str, int] = {}
        self.closed: Freeze | None = None
        self.marks: dict[str, datetime] = {}

    async def create(self, job: Job) -> bool:
        if job.id in self.jobs:
            return False
        self.jobs[job.id] = job.model_copy(update={"version": 0})
        self.due_at[job.id] = job.created_at + FIRST_LOOK
        self.put(job.id, {}, what="asked", at=job.created_at, by=job.request.requester)
        return True

    async def load(self, job_id: str) -> Job | None:
        return self.read(job_id) if job_id in self.jobs else None

    async def recent(self, limit: int = 50) -> Sequence[Job]:
        return self._newest(limit)

    async def unfinished(self) -> Sequence[Job]:
        return [job for job in self._newest() if not job.state.is_end]

    async def since(self, moment: datetime) -> Sequence[Job]:
        return [job for job in self._newest() if job.created_at > moment]

    def _newest(self, limit: int | None = None) -> Sequence[Job]:
        """Those of the newest that can be read."""
        newest = sorted(self.jobs.values(), key=lambda job: job.created_at, reverse=True)
        return [job for job in newest[:limit] if job.id not in self.unreadable]

    def read(self, job_id: str) -> Job:
        """A job that is there."""
        if job_id in self.unreadable:
            raise Unreadable(f"Job {job_id}")
        return self.jobs[job_id]

    async def freeze(self, freeze: Freeze | None) -> None:
        self.closed = freeze

    async def frozen(self) -> Freeze | None:
        return self.closed

    async def history(self, job_id: str) -> Sequence[Event]:
        return tuple(self.events.get(job_id, ()))

    async def acquire(self, job_id: str, *, now: datetime) -> MemoryLease | Busy | None:
        if job_id not in self.jobs:
            return None
        self._due_by(job_id, now + LEASE)
        _, until = self.leases.get(job_id, (0, now))
        if until > now:
            self.due_at.update({job_id: until} if job_id in self.due_at else {})
            return Busy()
        fence = self.fences[job_id] = self.fences.get(job_id, 0) + 1
        self.leases[job_id] = (fence, now + LEASE)
        return MemoryLease(self, job_id, fence)

    async def due(self, *, now: datetime, limit: int = 200) -> Sequence[str]:
        late = [job_id for job_id, at in self.due_at.items() if at <= now][:limit]
        self.due_at.update(dict.fromkeys(late, now + HANDED_OUT_FOR))
        return late

    async def decide(
        self, job_id: str, decision: Decision, *, settles: Callable[[Job], bool | None]
    ) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if job.decision or job.state.is_end or job.cancelled_by:
            return Answer.TOO_LATE
        is_last = settles(job)
        if is_last is None:
            return Answer.TOO_LATE
        changes = {
            "decisions": (*job.decisions, decision),
            "decision": decision if is_last else None,
            "signals": job.signals + 1,
        }
        self.put(
            job_id,
            changes,
            what=decision.verdict,
            at=decision.at,
            detail=decision.reason,
            by=decision.by,
        )
        self._due_by(job_id, decision.at)
        return Answer.ACCEPTED

    async def review(self, job_id: str, review: Review) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if not job.unreviewed_glass:
            return Answer.TOO_LATE
        changes = {"review": review, "signals": job.signals + 1}
        said = {"detail": review.remark, "by": review.by}
        self.put(job_id, changes, what=REVIEWED, at=review.at, **said)
        self.due_at[job_id] = review.at
        return Answer.ACCEPTED

    async def retry(self, job_id: str, *, by: Person, at: datetime, also: str = "") -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if job.state is not JobState.FAILED:
            return Answer.TOO_LATE
        changes = {
            "state": job.state_after_retry,
            "ending": "",
            "finished_at": None,
            "cancelled_by": "",
            "steps": {**job.steps, **job.after_retry(also=also)},
            "signals": job.signals + 1,
        }
        self.put(job_id, changes, what="retry", at=at, by=by)
        self.due_at[job_id] = at
        return Answer.ACCEPTED

    async def fix(self, job_id: str, fix: Fix, *, request: Request, at: datetime) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if not job.can_be_fixed or job.request != request:
            return Answer.TOO_LATE
        changes = {
            "state": JobState.RUNNING,
            "ending": "",
            "finished_at": None,
            "cancelled_by": "",
            "fix": fix,
            "signals": job.signals + 1,
        }
        self.put(job_id, changes, what="fix", at=at, detail=fix.changed, by=fix.by)
        self.due_at[job_id] = at
        return Answer.ACCEPTED

    async def ask_for_help(self, job_id: str, asked: HelpAsked) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if not job.can_be_helped:
            return Answer.TOO_LATE
        changes = {"help_asked": (*job.help_asked, asked), "signals": job.signals + 1}
        self.put(job_id, changes, what="help", at=asked.at, detail=asked.words, by=asked.by)
        self.due_at[job_id] = asked.at
        return Answer.ACCEPTED

    async def undo(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if not job.can_be_undone:
            return Answer.TOO_LATE
        changes = {
            "state": JobState.UNDOING,
            "ending": "",
            "finished_at": None,
            "undo_by": by.name,
            "fix": None,
            "steps": {**job.steps, **job.after_undo},
            "signals": job.signals + 1,
        }
        self.put(job_id, changes, what="undo", at=at, by=by)
        self.due_at[job_id] = at
        return Answer.ACCEPTED

    async def cancel(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        job = self.jobs.get(job_id)
        if not job:
            return Answer.UNKNOWN_JOB
        if not job.can_be_cancelled:
            return Answer.TOO_LATE
        changes = {"cancelled_by": by.name, "signals": job.signals + 1}
        self.put(job_id, changes, what="cancel", at=at, by=by)
        self._due_by(job_id, at)
        return Answer.ACCEPTED

    async def overlooked(self) -> Sequence[str]:
        found = [job.id for job in self.jobs.values() if self._is_overlooked(job)]
        self.due_at.update(dict.fromkeys(found, self.clock()))
        return found

    def _is_overlooked(self, job: Job) -> bool:
        _, until = self.leases.get(job.id, (0, self.clock()))
        is_lost = job.id not in self.due_at and not job.state.is_end
        return until <= self.clock() and (is_lost or job.signals != job.seen_signals)

    async def signal(self, job_id: str) -> None:
        if job := self.jobs.get(job_id):
            self.put(job_id, {"signals": job.signals + 1})

    async def is_new(self, mark: str, *, keep: timedelta) -> bool:
        now = self.clock()
        is_new = self.marks.get(mark, now) <= now
        if is_new:
            self.marks[mark] = now + keep
        return is_new

    async def reserve(
        self, names: Mapping[str, str], *, job_id: str, now: datetime
    ) -> Mapping[str, str]:
        taken = {}
        for kind, name in names.items():
            holder, since = self.names.get(f"{kind}:{name}", (job_id, now))
            half_made = holder not in self.jobs and now - since > HALF_MADE
            if holder != job_id and not half_made:
                taken[kind] = holder
        if not taken:
            self.names |= {f"{kind}:{name}": (job_id, now) for kind, name in names.items()}
        return taken

    async def holder(self, kind: str, name: str) -> str | None:
        held = self.names.get(f"{kind}:{name}")
        return held[0] if held else None

    async def free(self, job_id: str) -> None:
        self.names = {name: held for name, held in self.names.items() if held[0] != job_id}

    async def census(self, *, now: datetime) -> Census:
        found = [job for job in self._newest() if job.id in self.due_at]
        first_due = min((self.due_at[job.id] for job in found), default=None)
        return census(found, first_due=first_due, now=now)

    async def forget(self, *, ended_before: datetime, limit: int = 200) -> Sequence[str]:
        old = [job.id for job in self.jobs.values() if self._is_over(job, ended_before)][:limit]
        for job_id in old:
            await self.free(job_id)
            for kept in (self.jobs, self.events, self.due_at, self.fences, self.leases):
                kept.pop(job_id, None)
        return old

    def _is_over(self, job: Job, ended_before: datetime) -> bool:
        _, until = self.leases.get(job.id, (0, self.clock()))
        if until > self.clock() or not job.state.is_end or not job.finished_at:
            return False
        if job.audited_version != job.version or job.unreviewed_glass:
            return False
        return job.finished_at < ended_before

    def _due_by(self, job_id: str, at: datetime) -> None:
        if job_id in self.due_at:
            self.due_at[job_id] = min(self.due_at[job_id], at)

    def put(
        self,
        job_id: str,
        changes: Mapping[str, Any],
        *,
        what: str = "",
        at: datetime | None = None,
        **said: Any,
    ) -> None:
        """Change a job, with an entry in its history where `what` says something; `said` is what else it says."""
        job = self.jobs[job_id].model_copy(update=dict(changes))
        if what and at:
            job = job.model_copy(update={"version": job.version + 1})
            event = Event(version=job.version, at=at, what=what, **said)
            self.events.setdefault(job_id, []).append(event)
        self.jobs[job_id] = job
