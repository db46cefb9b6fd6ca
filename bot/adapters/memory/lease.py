"""The right to work on a job that is kept in a dictionary, with the same refusals as the real one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.domain.approval import Voiding
from bot.domain.break_glass import REVIEW_OVERDUE
from bot.domain.job import Job, JobState, MessageRef, StepRecord
from bot.ports.clock import Clock
from bot.ports.job_store import LeaseLost

LEASE = timedelta(seconds=10)


class Shelf(Protocol):
    """What a lease needs of the store that gave it."""

    clock: Clock
    jobs: dict[str, Job]
    due_at: dict[str, datetime]
    leases: dict[str, tuple[int, datetime]]
    fences: dict[str, int]

    def read(self, job_id: str) -> Job:
        """A job that is there."""

    def put(
        self,
        job_id: str,
        changes: Mapping[str, Any],
        *,
        what: str = "",
        at: datetime | None = None,
        **said: Any,
    ) -> None:
        """Change a job, with an entry in its history where `what` says something."""


class MemoryLease:
    """The right to work on one job, lost as soon as another acquires it."""

    def __init__(self, store: Shelf, job_id: str, fence: int) -> None:
        self._store = store
        self._job_id = job_id
        self._fence = fence

    async def renew(self) -> None:
        self._check()
        self._store.leases[self._job_id] = (self._fence, self._store.clock() + LEASE)

    async def load(self) -> Job:
        if self._job_id not in self._store.jobs:
            raise LeaseLost(self._job_id)
        return self._store.read(self._job_id)

    async def write_step(self, step: str, record: StepRecord, *, what: str, at: datetime) -> None:
        self._check()
        steps = {**self._store.jobs[self._job_id].steps, step: record}
        self._store.put(
            self._job_id,
            {"steps": steps},
            what=what,
            at=at,
            step=step,
            detail=record.reason,
            made=record.made,
        )

    async def write_steps(
        self, records: Mapping[str, StepRecord], *, step: str, what: str, detail: str, at: datetime
    ) -> None:
        self._check()
        steps = {**self._store.jobs[self._job_id].steps, **records}
        self._store.put(self._job_id, {"steps": steps}, what=what, at=at, step=step, detail=detail)

    async def void(self, voiding: Voiding) -> None:
        self._check()
        voided = (*self._store.jobs[self._job_id].voided, voiding)
        changes = {"decisions": (), "decision": None, "voided": voided}
        detail = " ".join(voiding.changed)
        self._store.put(self._job_id, changes, what="voided", at=voiding.at, detail=detail)

    async def write_fixed(self, records: Mapping[str, StepRecord], *, at: datetime) -> None:
        self._check()
        job = self._store.jobs[self._job_id]
        if job.fix:
            changes = {
                "fix": None,
                "request": job.fix.request,
                "amended": job.amended_by(job.fix),
                "changed_by": job.changed_with(job.fix),
                "steps": {**job.steps, **records},
            }
            self._store.put(self._job_id, changes, what="fixed", at=at)

    async def write_state(
        self,
        state: JobState,
        *,
        at: datetime,
        ending: str = "",
        finished_at: datetime | None = None,
    ) -> None:
        self._check()
        changes = {"state": state, "ending": ending, "finished_at": finished_at}
        self._store.put(self._job_id, changes, what=state, at=at, detail=ending)

    async def write_review_overdue(self, at: datetime) -> None:
        self._check()
        self._store.put(self._job_id, {"review_overdue_at": at}, what=REVIEW_OVERDUE, at=at)

    async def write_message(self, key: str, ref: MessageRef | None) -> None:
        self._check()
        messages = {**self._store.jobs[self._job_id].messages, key: ref}
        self._store.put(self._job_id, {"messages": messages})

    async def write_shown(self, version: int) -> None:
        self._check()
        self._store.put(self._job_id, {"shown_version": version})

    async def write_audited(self, version: int) -> None:
        self._check()
        self._store.put(self._job_id, {"audited_version": version})

    async def park(self, *, seen_signals: int | None, look_at: datetime) -> bool:
        self._check()
        if seen_signals is None:
            await self.release()
        elif not self._let_go(seen_signals):
            return False
        self._store.due_at[self._job_id] = look_at
        return True

    async def settle(self, *, seen_signals: int) -> bool:
        self._check()
        if not self._let_go(seen_signals):
            return False
        self._store.due_at.pop(self._job_id, None)
        return True

    async def release(self) -> None:
        self._check()
        self._store.leases.pop(self._job_id, None)

    def _let_go(self, seen_signals: int) -> bool:
        if self._store.jobs[self._job_id].signals != seen_signals:
            return False
        self._store.put(self._job_id, {"seen_signals": seen_signals})
        self._store.leases.pop(self._job_id, None)
        return True

    def _check(self) -> None:
        if self._store.fences.get(self._job_id) != self._fence:
            raise LeaseLost(self._job_id)
