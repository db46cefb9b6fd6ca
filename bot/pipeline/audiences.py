"""Whom a job concerns now, by their Slack ids: its terms name groups, and the directory knows their members."""

from collections.abc import Collection, Iterable

from bot.domain.audience import AT_MOST, Audience, told
from bot.domain.entities import EntityRef
from bot.domain.job import Job
from bot.domain.notices import NoticeKind
from bot.pipeline.approvals import is_undecided, standing_of, terms_of
from bot.ports.directory import Directory


async def audience_of(job: Job, directory: Directory) -> Audience:
    """Look up who may act on the job and who was passed over; nobody is looked up where nothing is asked.

    Raises:
        TemporaryError: the directory cannot be asked.
        PermanentError: it refuses to answer.
    """
    reviewers = await _reviewers(job, directory)
    return Audience(
        approvers=await _approvers(job, directory),
        reviewers=reviewers,
        bypassed=await _bypassed(job, directory, reviewers),
    )


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


async def _bypassed(job: Job, directory: Directory, reviewers: Iterable[str]) -> tuple[str, ...]:
    """Whoever was asked, or would have been at any stage; reviewers are told when they are asked to review."""
    terms, broken = terms_of(job), job.decision
    if not terms or not broken or not broken.glass:
        return ()
    asked = told(job, NoticeKind.QUESTION, NoticeKind.QUESTION_AGAIN)
    reviewing = told(job, NoticeKind.REVIEW_WANTED, NoticeKind.REVIEW_WANTED_AGAIN)
    but = {*job.authors.slack_ids, broken.by.slack_id, *reviewers, *reviewing}
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
