"""Jobs in Redis: a hash and a stream for each, an index of those that somebody has to look at, and the names they hold.

Every unfinished job is in the index `due` at all times: it enters before it exists, moves before it is let go of, and
leaves after its end was announced. A crash between two of these calls leaves an entry too many, never one too few.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from bot.adapters import redis_record as record
from bot.adapters.redis_lease import LEASE, RedisLease
from bot.adapters.redis_lua import Scripts, translating
from bot.adapters.redis_reading import RedisReading
from bot.domain.approval import Decision
from bot.domain.break_glass import REVIEWED, Review
from bot.domain.census import Census, census
from bot.domain.entities import Person
from bot.domain.errors import TemporaryError
from bot.domain.job import Fix, HelpAsked, Job, JobState
from bot.domain.limits import Freeze
from bot.domain.request import Request
from bot.ports.job_store import Answer, Busy, Event

FIRST_LOOK = timedelta(seconds=5)
HANDED_OUT_FOR = timedelta(seconds=2)
HALF_MADE = timedelta(minutes=1)
TRIES = 20


class RedisJobs:
    """The job store. `owner` names this process among the workers."""

    def __init__(self, redis: Redis, *, owner: str) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._reading = RedisReading(redis)
        self._owner = owner

    async def create(self, job: Job) -> bool:
        look_at = {job.id: (job.created_at + FIRST_LOOK).timestamp()}
        with translating():
            await self._redis.zadd(record.DUE, look_at, lt=True)
        event = record.event_json(at=job.created_at, what="asked", by=job.request.requester)
        created = await self._scripts.run("create", _keys(job.id), [event, *record.fields_of(job)])
        with translating():
            await self._redis.zadd(record.NEWEST, {job.id: job.created_at.timestamp()}, nx=True)
            await self._redis.zadd(record.DUE, look_at, lt=True)  # who looked too early removed it
        return bool(created)

    async def load(self, job_id: str) -> Job | None:
        return await self._reading.load(job_id)

    async def recent(self, limit: int = 50) -> Sequence[Job]:
        with translating():
            ids: Any = await self._redis.zrange(record.NEWEST, 0, limit - 1, desc=True)
        return await self._reading.load_readable(ids)

    async def unfinished(self) -> Sequence[Job]:
        """Every unfinished job is in the index `due`; one that has ended may be, until its end was announced."""
        with translating():
            ids: Any = await self._redis.zrange(record.DUE, 0, -1)
        return [job for job in await self._reading.load_readable(ids) if not job.state.is_end]

    async def since(self, moment: datetime) -> Sequence[Job]:
        with translating():
            ids: Any = await self._redis.zrange(
                record.NEWEST, "+inf", f"({moment.timestamp()}", byscore=True, desc=True
            )
        return await self._reading.load_readable(ids)

    async def freeze(self, freeze: Freeze | None) -> None:
        with translating():
            if freeze:
                await self._redis.set(record.FREEZE, freeze.model_dump_json())
            else:
                await self._redis.delete(record.FREEZE)

    async def frozen(self) -> Freeze | None:
        with translating():
            stored: Any = await self._redis.get(record.FREEZE)
        with record.reading("The freeze"):
            return Freeze.model_validate_json(stored) if stored else None

    async def history(self, job_id: str) -> Sequence[Event]:
        with translating():
            entries: Any = await self._redis.xrange(record.history_key(job_id))
        with record.reading(f"The history of job {job_id}"):
            return [record.event_of(fields) for _, fields in entries]

    async def acquire(self, job_id: str, *, now: datetime) -> RedisLease | Busy | None:
        await self._due_by(job_id, now + LEASE)
        keys = [record.job_key(job_id), record.lease_key(job_id)]
        answer = await self._scripts.run(
            "acquire", keys, [self._owner, round(LEASE.total_seconds() * 1000)]
        )
        if not answer:
            await self._due_no_more(job_id)
            return None
        if answer[0] < 0:
            remaining = timedelta(milliseconds=-answer[0])
            with translating():
                await self._redis.zadd(record.DUE, {job_id: (now + remaining).timestamp()}, xx=True)
            return Busy()
        return RedisLease(
            self._redis, self._scripts, job_id=job_id, owner=self._owner, fence=answer[0]
        )

    async def due(self, *, now: datetime, limit: int = 200) -> Sequence[str]:
        """What is handed out is due again soon: who was told may be killed before they take the job."""
        again = (now + HANDED_OUT_FOR).timestamp()
        ids: Any = await self._scripts.run("due", [record.DUE], [now.timestamp(), again, limit])
        return [str(job_id) for job_id in ids]

    async def decide(
        self, job_id: str, decision: Decision, *, settles: Callable[[Job], bool | None]
    ) -> Answer:
        def change(job: Job) -> list[str] | None:
            if job.decision or job.state.is_end or job.cancelled_by:
                return None
            is_last = settles(job)
            if is_last is None:
                return None
            return record.decision_fields((*job.decisions, decision), is_settled=is_last)

        await self._due_by(job_id, decision.at)
        return await self._change(
            job_id,
            change,
            what=decision.verdict,
            at=decision.at,
            detail=decision.reason,
            by=decision.by,
        )

    async def review(self, job_id: str, review: Review) -> Answer:
        def change(job: Job) -> list[str] | None:
            return record.review_fields(review) if job.unreviewed_glass else None

        await self._due_again(job_id, review.at)
        return await self._change(
            job_id, change, what=REVIEWED, at=review.at, detail=review.remark, by=review.by
        )

    async def retry(self, job_id: str, *, by: Person, at: datetime, also: str = "") -> Answer:
        def change(job: Job) -> list[str] | None:
            if job.state is not JobState.FAILED:
                return None
            fields = record.state_fields(job.state_after_retry, ending="", finished_at=None)
            for name, step in job.after_retry(also=also).items():
                fields += record.step_fields(name, step)
            return [*fields, "cancelled_by", ""]

        await self._due_again(job_id, at)
        return await self._change(job_id, change, what="retry", at=at, by=by)

    async def fix(self, job_id: str, fix: Fix, *, request: Request, at: datetime) -> Answer:
        def change(job: Job) -> list[str] | None:
            if not job.can_be_fixed or job.request != request:
                return None
            fields = record.state_fields(JobState.RUNNING, ending="", finished_at=None)
            return [*fields, "cancelled_by", "", *record.fix_fields(fix)]

        await self._due_again(job_id, at)
        return await self._change(job_id, change, what="fix", at=at, detail=fix.changed, by=fix.by)

    async def ask_for_help(self, job_id: str, asked: HelpAsked) -> Answer:
        def change(job: Job) -> list[str] | None:
            return record.help_fields((*job.help_asked, asked)) if job.can_be_helped else None

        await self._due_again(job_id, asked.at)
        return await self._change(
            job_id, change, what="help", at=asked.at, detail=asked.words, by=asked.by
        )

    async def undo(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        def change(job: Job) -> list[str] | None:
            if not job.can_be_undone:
                return None
            fields = record.state_fields(JobState.UNDOING, ending="", finished_at=None)
            for name, step in job.after_undo.items():
                fields += record.step_fields(name, step)
            return [*fields, "undo_by", by.name, "fix", ""]

        await self._due_again(job_id, at)
        return await self._change(job_id, change, what="undo", at=at, by=by)

    async def cancel(self, job_id: str, *, by: Person, at: datetime) -> Answer:
        def change(job: Job) -> list[str] | None:
            return ["cancelled_by", by.name] if job.can_be_cancelled else None

        await self._due_by(job_id, at)
        return await self._change(job_id, change, what="cancel", at=at, by=by)

    async def overlooked(self) -> Sequence[str]:
        """Every job that is kept is looked at, so this is not for every second."""
        with translating():
            ids: Any = await self._redis.zrange(record.NEWEST, 0, -1)
        return [job_id for job_id in ids if await self._was_overlooked(job_id)]

    async def _was_overlooked(self, job_id: str) -> bool:
        key, lease = record.job_key(job_id), record.lease_key(job_id)
        with translating():
            found: Any = await self._redis.hmget(key, ["state", "signals", "seen_signals"])
            due_at = await self._redis.zscore(record.DUE, job_id)
            state, *signals = found
            if state not in record.STATES or await self._redis.exists(lease):
                return False  # what is of another version is looked for by that one
            is_lost = due_at is None and state not in record.ENDS
            if is_lost or len(set(signals)) > 1:
                await self._redis.zadd(record.DUE, {job_id: 0})
                return True
        return False

    async def signal(self, job_id: str) -> None:
        for _ in range(TRIES):
            with translating():
                version: Any = await self._redis.hget(record.job_key(job_id), "version")
            if not version or await self._scripts.run("change", _keys(job_id), [version, ""]):
                return

    async def is_new(self, mark: str, *, keep: timedelta) -> bool:
        with translating():
            return bool(await self._redis.set(record.mark_key(mark), "", nx=True, px=keep))

    async def reserve(
        self, names: Mapping[str, str], *, job_id: str, now: datetime
    ) -> Mapping[str, str]:
        wanted = {f"{kind}:{name}": kind for kind, name in names.items()}
        arguments = [job_id, str(now.timestamp()), *wanted]
        while taken := await self._scripts.run("reserve", [record.NAMES], arguments):
            holders = [(taken[i], taken[i + 1], taken[i + 2]) for i in range(0, len(taken), 3)]
            if not await self._free_half_made(holders, now=now):
                return {wanted[name]: holder for name, holder, _ in holders}
        return {}

    async def _free_half_made(
        self, holders: Sequence[tuple[str, str, str]], *, now: datetime
    ) -> bool:
        """Free what a request reserved that died before its job was stored; whether there was any."""
        freed = False
        for _, holder, since in holders:
            is_old = now.timestamp() - float(since) > HALF_MADE.total_seconds()
            if is_old and not await self._exists(holder):
                await self.free(holder)
                freed = True
        return freed

    async def holder(self, kind: str, name: str) -> str | None:
        with translating():
            held: Any = await self._redis.hget(record.NAMES, f"{kind}:{name}")
        return str(held).split(" ", maxsplit=1)[0] if held else None

    async def free(self, job_id: str) -> None:
        await self._scripts.run("free", [record.NAMES], [job_id])

    async def census(self, *, now: datetime) -> Census:
        with translating():
            due: Any = await self._redis.zrange(record.DUE, 0, -1, withscores=True)
        found = await self._reading.load_readable([job_id for job_id, _ in due])
        first_due = datetime.fromtimestamp(dict(due)[found[0].id], tz=UTC) if found else None
        return census(found, first_due=first_due, now=now)

    async def forget(self, *, ended_before: datetime, limit: int = 200) -> Sequence[str]:
        """What a crash leaves half removed is removed by the next call: a job leaves the index of all jobs last."""
        with translating():
            old: Any = await self._redis.zrange(
                record.NEWEST, "-inf", ended_before.timestamp(), byscore=True
            )
        gone: list[str] = []
        for job_id in old:
            if len(gone) == limit:
                break
            if await self._is_removed(job_id, ended_before):
                await self.free(job_id)
                with translating():
                    await self._redis.zrem(record.DUE, job_id)
                    await self._redis.zrem(record.NEWEST, job_id)
                gone.append(job_id)
        return gone

    async def _is_removed(self, job_id: str, ended_before: datetime) -> bool:
        """Remove the job itself if it is over; its hash is not read whole, as it may be of a version long gone."""
        with translating():
            found: Any = await self._redis.hmget(record.job_key(job_id), record.ENDING)
        state, ended_at, *reviewing = found
        if state is None:
            return True
        if not record.is_over(state, ended_at, *reviewing, before=ended_before):
            return False
        keys = [*_keys(job_id), record.lease_key(job_id)]
        return bool(await self._scripts.run("forget", keys, [state, ended_at]))

    async def _due_by(self, job_id: str, at: datetime) -> None:
        """Bring forward when the job is looked at next, if it is to be looked at again at all."""
        with translating():
            await self._redis.zadd(record.DUE, {job_id: at.timestamp()}, xx=True, lt=True)

    async def _due_again(self, job_id: str, at: datetime) -> None:
        """Have a job looked at that may have been settled; nobody is to look for one that is not there."""
        with translating():
            if await self._exists(job_id):
                await self._redis.zadd(record.DUE, {job_id: at.timestamp()})

    async def _due_no_more(self, job_id: str) -> None:
        """Nobody is to look again for a job that is not there, unless it is being made at this very moment."""
        with translating():
            await self._redis.zrem(record.DUE, job_id)
            if await self._exists(job_id):
                await self._redis.zadd(record.DUE, {job_id: 0})

    async def _exists(self, job_id: str) -> bool:
        """Whether there is such a job, also if it cannot be read."""
        with translating():
            return bool(await self._redis.exists(record.job_key(job_id)))

    async def _change(
        self,
        job_id: str,
        change: Callable[[Job], list[str] | None],
        *,
        what: str,
        at: datetime,
        by: Person,
        detail: str = "",
    ) -> Answer:
        """Read, decide, and write unless the job has changed meanwhile; then read again."""
        event = record.event_json(at=at, what=what, detail=detail, by=by)
        for _ in range(TRIES):
            job = await self.load(job_id)
            if not job:
                return Answer.UNKNOWN_JOB
            fields = change(job)
            if fields is None:
                return Answer.TOO_LATE
            if await self._scripts.run("change", _keys(job_id), [job.version, event, *fields]):
                return Answer.ACCEPTED
        raise TemporaryError("The job is changing too fast to be changed from outside.")


def _keys(job_id: str) -> list[str]:
    return [record.job_key(job_id), record.history_key(job_id)]
