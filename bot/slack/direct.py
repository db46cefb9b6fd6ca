"""Direct messages to those who are asked: with buttons while they may act, and with the outcome from then on."""

from collections.abc import Iterable, Iterator, Sequence

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, SectionBlock

from bot.domain.approval import named
from bot.domain.job import Job
from bot.domain.notices import Notice, NoticeKind, card_of
from bot.pipeline.approvals import is_undecided, standing_of
from bot.slack import card, ids, mrkdwn, replies, verdicts

_VOID = (
    "*Void:* what would be made has changed since, so whoever has to agree to it is asked again."
)


def blocks(job: Job, notice: Notice, *, may_act: bool) -> list[Block]:
    """What somebody reads who was asked; `may_act` says whether they may decide or review now."""
    match notice.kind:
        case NoticeKind.QUESTION | NoticeKind.QUESTION_AGAIN:
            return list(_question(job, notice, may_act=may_act))
        case NoticeKind.REVIEW_WANTED | NoticeKind.REVIEW_WANTED_AGAIN:
            return list(_review(job, may_act=may_act))
        case _:
            told = "You would have been asked for this approval."
            return list(_section([_headline(job), *_glass(job), told, _reviewed(job)]))


def in_short(job: Job, notice: Notice) -> str:
    """The same in a few words."""
    match notice.kind:
        case NoticeKind.QUESTION | NoticeKind.QUESTION_AGAIN:
            if notice.round < len(job.voided):
                return "approval void"
            if is_undecided(job):
                return "approval wanted"
            return (
                verdicts.in_short(job.decision) if job.decision else "no decision wanted any more"
            )
        case NoticeKind.REVIEW_WANTED | NoticeKind.REVIEW_WANTED_AGAIN:
            return "review wanted" if job.unreviewed_glass else "reviewed"
        case _:
            return "went ahead without approval"


def _question(job: Job, notice: Notice, *, may_act: bool) -> Iterator[Block]:
    if notice.round < len(job.voided):
        yield from _section([_headline(job), _VOID])
        return
    if not is_undecided(job):
        yield from _section([_headline(job), verdicts.outcome(job)])
        return
    if not may_act:
        yield from _section([_headline(job), *_for_others(job), *verdicts.agreed(job)])
        return
    yield from _section([_headline(job)])
    yield SectionBlock(text=mrkdwn.plain(job.request.description, mrkdwn.SENTENCE_LENGTH))
    yield from _section([*replies.wanted(job, notice.kind), *verdicts.agreed(job)])
    yield _actions(job, card.decision_buttons(job))


def _review(job: Job, *, may_act: bool) -> Iterator[Block]:
    yield from _section([_headline(job), *_glass(job), _reviewed(job)])
    if job.unreviewed_glass and may_act:
        yield _actions(job, [card.review_button(job)])


def _headline(job: Job) -> str:
    """What is asked for and by whom, with the way to the card where others may read it."""
    asked = f"<@{job.request.requester.slack_id}>"
    line = f"*{mrkdwn.escaped(card.headline(job), 150)}*, asked for by {asked}."
    posted = card_of(job)
    if posted and posted.permalink and not posted.is_direct:
        line += f" {mrkdwn.link(posted.permalink, 'Open the request')}"
    return line


def _for_others(job: Job) -> list[str]:
    waits_for = standing_of(job)
    groups = mrkdwn.escaped(named(waits_for.approvers if waits_for else ()))
    return [f"This waits for others now: members of {groups}."]


def _glass(job: Job) -> list[str]:
    return [verdicts.told(job.broken_glass)] if job.broken_glass else []


def _reviewed(job: Job) -> str:
    return verdicts.review(job) or ""


def _section(lines: Sequence[str]) -> Iterator[Block]:
    yield SectionBlock(text=mrkdwn.mrkdwn("\n".join(filter(None, lines))))


def _actions(job: Job, buttons: Iterable[ButtonElement]) -> ActionsBlock:
    return ActionsBlock(block_id=ids.actions(job.id), elements=list(buttons))
