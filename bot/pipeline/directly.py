"""Keep single people informed: ask them by direct message, and have each of these say how things stand now."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from bot.domain.audience import Audience, direct_notices
from bot.domain.errors import PermanentError
from bot.domain.job import NOWHERE, Job, MessageRef
from bot.domain.notices import Notice, direct_messages
from bot.pipeline.approvals import standing_of
from bot.ports.announcer import Announcer
from bot.ports.job_store import Lease

log = structlog.get_logger()

PostOnce = Callable[[Job, Notice], Awaitable[MessageRef]]


async def tell_directly(
    job: Job, *, audience: Audience, lease: Lease, announcer: Announcer, post_once: PostOnce
) -> None:
    """Post what single people have not been told, and make what they were told show how the job stands.

    What somebody cannot be told for good (they left, say) keeps nobody else waiting.
    """
    messages = dict(job.messages)
    for notice in direct_notices(job, audience, approval=standing_of(job)):
        known = messages.get(notice.key)
        if not known or not known.is_there:
            with _for_one(notice):
                messages[notice.key] = await post_once(job, notice)
    told = job.model_copy(update={"messages": messages})
    for notice, ref in direct_messages(told):
        with _for_one(notice):
            shown = await _shown(told, notice, ref, announcer=announcer, audience=audience)
            if shown != ref:
                await lease.write_message(notice.key, shown)


async def _shown(
    job: Job, notice: Notice, ref: MessageRef | None, *, announcer: Announcer, audience: Audience
) -> MessageRef:
    """A message that a worker may have posted before it died is looked for: it must not ask what is decided."""
    found = ref or await announcer.find(job, notice) or NOWHERE
    if not found.is_there:
        return found
    return await announcer.refresh(
        job,
        notice,
        found,
        may_act=audience.may_act_on(notice, job),
        may_see=notice.about not in audience.strangers,
    )


@contextmanager
def _for_one(notice: Notice) -> Iterator[None]:
    try:
        yield
    except PermanentError as error:
        log.warning("job.person_not_told", notice=notice.key, cause=str(error))
