"""Read the audit chain from its first entry on, and say what is wrong with it."""

from collections.abc import Sequence

from bot.domain.audit import Inspection
from bot.ports.audit import Audit


async def inspect_audit(audit: Audit, *, anchors: Sequence[tuple[int, str]]) -> Inspection:
    """Compare the entries with each other, with the end kept beside them, and with what was noted elsewhere.

    Somebody may be recording meanwhile: the end is looked at before, as the least there must be, and after, as the most.

    Args:
        audit: the chain.
        anchors: numbers and their hashes, from a place that whoever may have changed the chain could not change.
    """
    before = await audit.end()
    is_noted = any(number == before.number for number, _ in anchors)
    inspection = Inspection(anchors if is_noted else [*anchors, (before.number, before.hash)])
    async for line in audit.lines():
        inspection.take(line)
    inspection.close((await audit.end()).number)
    return inspection
