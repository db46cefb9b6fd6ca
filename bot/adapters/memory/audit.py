"""An audit chain in a list."""

from collections.abc import AsyncIterator, Sequence

from bot.domain.audit import AuditEntry, End, linked


class MemoryAudit:
    """Gone with its process; linked as the real one is."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.stored: list[str] = []
        self.kept_end = End()
        self.recorded: dict[str, int] = {}

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            if entry.version and entry.version <= self.recorded.get(entry.job, 0):
                continue
            line, self.kept_end = linked(entry, self.kept_end)
            self.stored.append(line)
            self.entries.append(entry)
            if entry.version:
                self.recorded[entry.job] = entry.version

    async def end(self) -> End:
        return self.kept_end

    async def lines(self) -> AsyncIterator[str]:
        for line in self.stored:
            yield line
