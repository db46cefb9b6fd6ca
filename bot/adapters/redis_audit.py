"""The audit chain in Redis: a stream of lines, and apart from it where it ends and how far each job is recorded.

All keys share a hash tag, so a script moves them together. The stream's ids are the entries' numbers; a server never
takes an id again that lies before the last one, so nothing can be put into the middle of it. Who may write to Redis as
they like can still write the whole chain anew, its end included: only a copy of an earlier end that is kept elsewhere
(`audit head`) tells.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.asyncio import Redis

from bot.adapters.redis_lua import Scripts, translating
from bot.domain.audit import AuditEntry, End, linked
from bot.domain.errors import TemporaryError

END = "idp:{audit}:end"
LINES = "idp:{audit}:lines"
RECORDED = "idp:{audit}:recorded"
PAGE = 500
TRIES = 200


class RedisAudit:
    """Links in Python, for the server has no SHA-256, and adds where the end is still the one that was linked to.

    Within a process one adds after the other: only other processes make it link anew.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._turn = asyncio.Lock()

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        job = next((entry.job for entry in entries if entry.version), "")
        async with self._turn:
            await self._record(entries, job)

    async def _record(self, entries: Sequence[AuditEntry], job: str) -> None:
        answer = await self._add(End(), job)
        for _ in range(TRIES):
            end, recorded = End(number=int(answer[0]), hash=answer[1]), int(answer[2])
            new = [entry for entry in entries if not 0 < entry.version <= recorded]
            if not new:
                return
            answer = await self._add(end, job, new)
            if not answer:
                return
        raise TemporaryError("The audit chain grows too fast to be added to.")

    async def _add(self, end: End, job: str, entries: Sequence[AuditEntry] = ()) -> Any:
        """Add if the chain ends there; where it ends otherwise, and how far the job is recorded."""
        lines, after = [], end
        for entry in entries:
            line, after = linked(entry, after)
            lines.append(line)
        version = max((entry.version for entry in entries), default=0)
        arguments: list[str | int] = [end.number, end.hash, job]
        if lines:
            arguments += [after.hash, version, *lines]
        return await self._scripts.run("add_to_audit", [END, LINES, RECORDED], arguments)

    async def end(self) -> End:
        with translating():
            found: Any = await self._redis.hgetall(END)
        return End.model_validate(found)

    async def lines(self) -> AsyncIterator[str]:
        start = "-"
        while True:
            with translating():
                page: Any = await self._redis.xrange(LINES, min=start, count=PAGE)
            for _, fields in page:
                yield fields["line"]
            if len(page) < PAGE:
                return
            start = f"({page[-1][0]}"
