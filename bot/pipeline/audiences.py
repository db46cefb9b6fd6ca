"""Whom a job concerns now, by their Slack ids: its terms name groups, and the directory knows their members."""

from collections.abc import Collection, Iterable

from bot.domain.audience import AT_MOST, Audience, told
from bot.domain.entities import EntityRef
from bot.domain.errors import PermanentError
from bot.domain.job import Job
from bot.domain.notices import NoticeKind, direct_messages
from bot.domain.platform import Platform
from bot.pipeline.approvals import is_undecided, standing_of, terms_of
from bot.pipeline.seeing import may_see
from bot.ports.directory import Directory


async def audience_of(job: Job, directory: Directory, platform: Platform) -> Audience:
    """Look up who may act on the job and who was passed over; nobody is looked up where nothing is asked.

    Of a private job it is looked up, too, whether those who were told of it may still know.

    Raises:
        TemporaryError: the directory cannot be asked.
        PermanentError: it refuses to answer.
    """
    reviewers = await _reviewers(job, directory)
    strangers = await _strangers(job, directory, platform) if job.is_private else frozenset()
    return Audience(
        approvers=await _approvers(job, directory),
        reviewers=reviewers,
        bypassed=await _bypassed(job, directory, {*reviewers, *strangers}),
        strangers=strangers,
    )


async def _strangers(job: Job, directory: Directory, platform: Platform) -> frozenset[str]:
    told = {notice.about for notice, _ in direct_messages(job)}
    return frozenset([who for who in told if not await _sees(who, job, directory, platform)])


async def _sees(who: str, job: Job, directory: Directory, platform: Platform) -> bool:
    """Whether they may know of the job; of whom the directory cannot say who they are, nobody knows that they may."""
    try:
        person = await directory.whois(who)
    except PermanentError:
        return False
    return person is not None and may_see(person, job, platform)


async def _approvers(job: Job, directory: Directory) -> tuple[str, ...]:
    waits_for = standing_of(job)
    if not waits_for or not is_undecided(job):
        return ()
    done = {*job.authors.slack_ids, *(each.by.slack_id for each in job.decisions)}
    return await _members(waits_for.approvers, directory, but=done)


async def _reviewers(job: Job, directory: Directory) -> tuple[str, ...]:
    broken = job.unreviewed_glass
    if not broken or not broken.glass:
        return ()
    concerned = {*job.authors.slack_ids, broken.by.slack_id}
    return await _members(broken.glass.reviewers, directory, but=concerned)


async def _bypassed(job: Job, directory: Directory, others: Iterable[str]) -> tuple[str, ...]:
    """Whoever was asked, or would have been at any stage; reviewers are told when they are asked to review."""
    terms, broken = terms_of(job), job.decision
    if not terms or not broken or not broken.glass:
        return ()
    asked = told(job, NoticeKind.QUESTION, NoticeKind.QUESTION_AGAIN)
    reviewing = told(job, NoticeKind.REVIEW_WANTED, NoticeKind.REVIEW_WANTED_AGAIN)
    but = {*job.authors.slack_ids, broken.by.slack_id, *others, *reviewing}
    groups = [group for stage in terms.stages for group in stage.groups]
    return await _members(groups, directory, but=but, first=asked)


async def _members(
    groups: Iterable[EntityRef],
    directory: Directory,
    *,
    but: Collection[str],
    first: Iterable[str] = (),
) -> tuple[str, ...]:
    """At most so many as are told; a group may be large, and its members are looked up one by one."""
    found = [who for who in dict.fromkeys(first) if who not in but]
    for group in groups:
        if len(found) >= AT_MOST:
            break
        members = await directory.slack_ids(group, at_most=AT_MOST + len({*but, *found}))
        found += [who for who in dict.fromkeys(members) if who not in {*but, *found}]
    return tuple(found[:AT_MOST])
