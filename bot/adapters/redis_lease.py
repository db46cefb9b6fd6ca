"""The right to work on one job, kept in Redis as a lease with a fence."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from bot.adapters import redis_record as record
from bot.adapters.redis_lua import Scripts, translating
from bot.domain.approval import Voiding
from bot.domain.break_glass import REVIEW_OVERDUE
from bot.domain.job import Job, JobState, MessageRef, StepRecord
from bot.ports.job_store import LeaseLost

LEASE = timedelta(seconds=10)


class RedisLease:
    """Every write carries the fence, a number that grows with each holder; the scripts refuse an older one."""

    def __init__(
        self, redis: Redis, scripts: Scripts, *, job_id: str, owner: str, fence: int
    ) -> None:
        self._redis = redis
        self._scripts = scripts
        self._job_id = job_id
        self._owner = owner
        self._fence = fence

    async def renew(self) -> None:
        held = await self._run("renew", self._owner, self._fence, _ms(LEASE))
        self._check(held)

    async def load(self) -> Job:
        with translating():
            fields: Any = await self._redis.hgetall(record.job_key(self._job_id))
        self._check(fields)
        return record.job_of(self._job_id, fields)

    async def write_step(self, step: str, value: StepRecord, *, what: str, at: datetime) -> None:
        event = ""
        if what:
            event = record.event_json(
                at=at, what=what, step=step, detail=value.reason, made=value.made
            )
        await self._write(event, record.step_fields(step, value))

    async def write_steps(
        self, records: Mapping[str, StepRecord], *, step: str, what: str, detail: str, at: datetime
    ) -> None:
        event = record.event_json(at=at, what=what, step=step, detail=detail)
        await self._write(event, _fields_of(records))

    async def void(self, voiding: Voiding) -> None:
        voided = (*(await self.load()).voided, voiding)
        detail = " ".join(voiding.changed)
        event = record.event_json(at=voiding.at, what="voided", detail=detail)
        await self._write(event, record.voided_fields(voided))

    async def write_fixed(self, records: Mapping[str, StepRecord], *, at: datetime) -> None:
        job = await self.load()
        if job.fix:
            event = record.event_json(at=at, what="fixed")
            fields = record.fixed_fields(job, job.fix)
            await self._write(event, [*fields, *_fields_of(records)])

    async def write_state(
        self,
        state: JobState,
        *,
        at: datetime,
        ending: str = "",
        finished_at: datetime | None = None,
    ) -> None:
        event = record.event_json(at=at, what=state, detail=ending)
        await self._write(event, record.state_fields(state, ending=ending, finished_at=finished_at))

    async def write_review_overdue(self, at: datetime) -> None:
        event = record.event_json(at=at, what=REVIEW_OVERDUE)
        await self._write(event, ["review_overdue_at", at.isoformat()])

    async def write_message(self, key: str, ref: MessageRef | None) -> None:
        await self._write("", record.message_fields(key, ref))

    async def write_shown(self, version: int) -> None:
        await self._write("", ["shown_version", str(version)])

    async def write_audited(self, version: int) -> None:
        await self._write("", ["audited_version", str(version)])

    async def park(self, *, seen_signals: int | None, look_at: datetime) -> bool:
        with translating():
            before = await self._redis.zscore(record.DUE, self._job_id)
            await self._redis.zadd(record.DUE, {self._job_id: look_at.timestamp()})
        went = False
        try:
            went = await self._let_go("" if seen_signals is None else str(seen_signals))
        finally:
            if not went and before is not None:  # somebody is at work on it, and may be killed
                with translating():
                    await self._redis.zadd(record.DUE, {self._job_id: before}, xx=True, lt=True)
        return went

    async def settle(self, *, seen_signals: int) -> bool:
        if not await self._let_go(str(seen_signals)):
            return False
        await self._leave_index()
        return True

    async def _leave_index(self) -> None:
        """Nobody needs to look at the job again, unless a retry or a review came since it was let go of."""
        with translating():
            await self._redis.zrem(record.DUE, self._job_id)
            key = record.job_key(self._job_id)
            signals: Any = await self._redis.hmget(key, ["signals", "seen_signals"])
            if len(set(signals)) > 1:
                await self._redis.zadd(record.DUE, {self._job_id: 0})

    async def release(self) -> None:
        await self._let_go("")

    async def _let_go(self, seen_signals: str) -> bool:
        went = await self._run("let_go", self._fence, seen_signals)
        self._check(went >= 0)
        return bool(went)

    async def _write(self, event: str, fields: list[str]) -> None:
        keys = [record.job_key(self._job_id), record.history_key(self._job_id)]
        self._check(await self._scripts.run("write", keys, [self._fence, event, *fields]))

    async def _run(self, script: str, *arguments: str | int) -> Any:
        keys = [record.job_key(self._job_id), record.lease_key(self._job_id)]
        return await self._scripts.run(script, keys, arguments)

    def _check(self, held: Any) -> None:
        if not held:
            raise LeaseLost(self._job_id)


def _fields_of(records: Mapping[str, StepRecord]) -> list[str]:
    return [part for name, value in records.items() for part in record.step_fields(name, value)]


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
