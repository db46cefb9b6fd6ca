"""What became of an approval, in the same words on every surface: who, what, when and why."""

from collections.abc import Iterator

from bot.domain.approval import Decision, Verdict, named
from bot.domain.break_glass import review_due
from bot.domain.job import Job
from bot.slack import mrkdwn


def settled(job: Job, length: int = mrkdwn.SENTENCE_LENGTH) -> str | None:
    """Who settled it, when, and what they said; None while nobody has."""
    return told(job.decision, length) if job.decision else None


def told(decision: Decision, length: int = mrkdwn.SENTENCE_LENGTH) -> str:
    """Who decided what, when and why."""
    by = f"<@{decision.by.slack_id}> · {mrkdwn.moment(decision.at)}"
    head = f"{_HEADS[decision.verdict]} by {by}"
    return "\n".join([head, *_said(decision.reason, length)])


def in_short(decision: Decision) -> str:
    """What was decided, in a few words."""
    is_glass = decision.verdict is Verdict.BREAK_GLASS
    return "glass broken" if is_glass else str(decision.verdict)


def agreed(job: Job, length: int = mrkdwn.SENTENCE_LENGTH) -> list[str]:
    """Who has agreed so far, with their notes."""
    return [
        ": ".join([f"*Agreed:* <@{each.by.slack_id}>", *_said(each.reason, length)])
        for each in job.decisions
        if each.verdict is Verdict.APPROVED
    ]


def outcome(job: Job, length: int = mrkdwn.SENTENCE_LENGTH) -> str:
    """Why nobody has to decide any more."""
    if job.decision:
        return told(job.decision, length)
    if job.state.is_end:
        ending = mrkdwn.escaped(job.ending or f"It has {job.state}.", length)
        when = f" · {mrkdwn.moment(job.finished_at)}" if job.finished_at else ""
        return f"*Ended:* {ending}{when}"
    if job.is_stopping:
        by = mrkdwn.escaped(job.cancelled_by, mrkdwn.NAME_LENGTH)
        return f"*Cancelled* by {by}: nobody has to decide any more."
    return "Nobody has to decide on this at the moment."


def review(job: Job, length: int = mrkdwn.SENTENCE_LENGTH) -> str | None:
    """How the review of a broken glass stands; None where none was broken."""
    broken = job.unreviewed_glass
    if broken:
        groups = mrkdwn.escaped(named(broken.glass.reviewers if broken.glass else ()))
        due = review_due(broken)
        if job.is_review_overdue:
            since = mrkdwn.moment(due, before="since ")
            return f"*Review overdue* {since}: a member of {groups} has to look at this."
        return f"*Review open:* a member of {groups} has to look at this {mrkdwn.moment(due, before='until ')}."
    if not job.review:
        return None
    head = f"*Reviewed* by <@{job.review.by.slack_id}> · {mrkdwn.moment(job.review.at)}"
    return "\n".join([head, *_said(job.review.remark, length)])


def _said(words: str, length: int) -> Iterator[str]:
    if words:
        yield mrkdwn.escaped(words, length)


_HEADS = {
    Verdict.APPROVED: "*Approved*",
    Verdict.DENIED: "*Denied*",
    Verdict.BREAK_GLASS: "*Glass broken*, without approval,",
}
