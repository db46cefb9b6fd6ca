"""The card: the one message that shows a job as it stands, from the request to the links."""

import json
from collections.abc import Iterator

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    SectionBlock,
)

from bot.domain.approval import Verdict, named
from bot.domain.job import Job, JobState
from bot.domain.request import AppRequest
from bot.pipeline import facts, pipelines
from bot.pipeline.approvals import digest_of_plan, is_undecided, standing_of, terms_of
from bot.slack import advice, ids, mrkdwn, outcomes, tasks, verdicts
from bot.usecases import undo

TITLES = {"new-app": "New application", "new-system": "New system"}
_MESSAGE_LENGTH = 12_000
_DETAIL_LENGTHS = (300, 120, 30)


def blocks(job: Job) -> list[Block]:
    """The card's blocks; explanations are cut shorter where the whole would be more than Slack accepts."""
    for length in _DETAIL_LENGTHS:
        drawn = list(_blocks(job, length))
        if len(json.dumps([block.to_dict() for block in drawn])) <= _MESSAGE_LENGTH:
            break
    return drawn


def headline(job: Job) -> str:
    """What is being made and for whom, as plain text."""
    request = job.request
    return (
        f"{TITLES[request.kind]} “{mrkdwn.clean(request.name, 60)}” for {request.owner.name[:40]}"
    )


def _blocks(job: Job, length: int) -> Iterator[Block]:
    yield HeaderBlock(text=mrkdwn.plain(headline(job), 150))
    yield SectionBlock(
        text=mrkdwn.plain(job.request.description, length),
        fields=[mrkdwn.mrkdwn(f"*{label}*\n{value}") for label, value in _fields(job)],
    )
    for approval in filter(None, (_approval(job, length), verdicts.review(job, length))):
        yield SectionBlock(text=mrkdwn.mrkdwn(approval))
    yield tasks.plan_block(job, detail_length=length)
    ending = _ending(job, length)
    if ending:
        yield SectionBlock(text=mrkdwn.mrkdwn(ending))
    buttons = list(_buttons(job))
    if buttons:
        yield ActionsBlock(block_id=ids.actions(job.id), elements=buttons)
    yield ContextBlock(elements=[mrkdwn.mrkdwn(_footer(job))])


def _fields(job: Job) -> Iterator[tuple[str, str]]:
    request = job.request
    yield "Owner", mrkdwn.escaped(request.owner.name, mrkdwn.NAME_LENGTH)
    yield "Template", mrkdwn.escaped(request.template, mrkdwn.NAME_LENGTH)
    if not isinstance(request, AppRequest):
        yield "Short name", mrkdwn.escaped(request.slug, mrkdwn.NAME_LENGTH)
        return
    yield "System", mrkdwn.escaped(request.system.name, mrkdwn.NAME_LENGTH)
    yield "Visibility", str(request.visibility)
    planned = outcomes.plan(job)
    if isinstance(planned, facts.AppPlan):
        yield "Address", mrkdwn.escaped(planned.url, mrkdwn.SENTENCE_LENGTH)
    else:
        yield "Hostname", mrkdwn.escaped(request.hostname, mrkdwn.NAME_LENGTH)


def _approval(job: Job, length: int) -> str | None:
    if settled := verdicts.settled(job, length):
        return settled
    terms, waits_for = terms_of(job), standing_of(job)
    if not terms or not waits_for or job.state.is_end:
        return None
    agreed = "".join(f"\n{line}" for line in verdicts.agreed(job, length))
    reasons = " ".join(mrkdwn.own(reason, length) for reason in terms.reasons)
    groups = mrkdwn.escaped(named(waits_for.approvers))
    until = mrkdwn.moment(terms.expires_at, before="until ")
    whom = "a member" if waits_for.missing == 1 else f"{waits_for.missing} members"
    stage = f" (stage {waits_for.stage} of {waits_for.stages})" if waits_for.stages > 1 else ""
    return f"*Approval needed* from {whom} of {groups}{stage}, {until}. {reasons}{agreed}"


def _ending(job: Job, length: int) -> str | None:
    match job.state:
        case JobState.DONE:
            links = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
            return " · ".join(links) or None
        case JobState.FAILED:
            return "\n".join(_failures(job, length))
        case JobState.CANCELLED if job.decision and job.decision.verdict is Verdict.DENIED:
            return None  # it stands above, with the reason
        case JobState.CANCELLED | JobState.UNDONE:
            return f"*Ended:* {mrkdwn.escaped(job.ending, length)}"
        case JobState.RUNNING | JobState.WAITING | JobState.WAITING_APPROVAL | JobState.UNDOING:
            return None


def _failures(job: Job, length: int) -> Iterator[str]:
    steps = pipelines.PIPELINES[job.request.kind].by_name
    for name, record in job.to_retry.items():
        yield f"*{steps[name].title}* failed: {mrkdwn.escaped(advice.summary(record), length)}"
        yield from advice.lines(record, length)
    if asked := job.help_on_its_way:
        yield f"*Platform team asked* by <@{asked.by.slack_id}> · {mrkdwn.moment(asked.at)}"


def _buttons(job: Job) -> Iterator[ButtonElement]:
    if is_undecided(job):
        yield from decision_buttons(job)
    if job.unreviewed_glass:
        yield review_button(job)
    if job.state is JobState.FAILED:
        yield from _buttons_of_a_failure(job)
    if undo.is_of_use(job):
        yield ButtonElement(
            text=mrkdwn.plain("Undo"), action_id=ids.UNDO, value=job.id, style="danger"
        )
    if job.can_be_helped:
        yield ButtonElement(
            text=mrkdwn.plain("Ask the platform team"), action_id=ids.HELP, value=job.id
        )
    if job.can_be_cancelled:
        yield ButtonElement(
            text=mrkdwn.plain("Cancel"),
            action_id=ids.CANCEL,
            value=job.id,
            confirm=_cancel_question(),
        )


def _buttons_of_a_failure(job: Job) -> Iterator[ButtonElement]:
    """The one that promises most comes first: where an answer is at fault, the same again fails again."""
    fix = job.can_be_fixed
    if fix:
        yield ButtonElement(
            text=mrkdwn.plain("Fix input"), action_id=ids.FIX, value=job.id, style="primary"
        )
    yield ButtonElement(
        text=mrkdwn.plain("Retry"),
        action_id=ids.RETRY,
        value=job.id,
        style=None if fix else "primary",
    )


def decision_buttons(job: Job) -> Iterator[ButtonElement]:
    """Approve, Deny and their like; whether the one who clicks may decide is looked at when they do."""
    about, terms = ids.decision(job.id, digest_of_plan(job)), terms_of(job)
    yield _button(about, "Approve", ids.APPROVE, style="primary")
    yield _button(about, "Deny", ids.DENY, style="danger")
    yield _button(about, "Approve with a note", ids.APPROVE_WITH_NOTE)
    if terms and terms.break_glass:
        yield _button(about, "Break glass", ids.BREAK_GLASS, style="danger")


def review_button(job: Job) -> ButtonElement:
    """Says that a broken glass was looked at; whether the one who clicks may is looked at when they do."""
    return _button(job.id, "Reviewed", ids.REVIEWED, style="primary")


def _button(about: str, label: str, action_id: str, *, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=mrkdwn.plain(label), action_id=action_id, value=about, style=style)


def _cancel_question() -> ConfirmObject:
    return ConfirmObject(
        title=mrkdwn.plain("Cancel this request?"),
        text=mrkdwn.plain("It stops after what it is doing now. What exists by then stays.", 300),
        confirm=mrkdwn.plain("Stop it"),
        deny=mrkdwn.plain("Keep it running"),
        style="danger",
    )


def _footer(job: Job) -> str:
    asked = f"Asked for by <@{job.request.requester.slack_id}> · {mrkdwn.moment(job.created_at)}"
    return f"{asked} · `{mrkdwn.escaped(job.id, mrkdwn.NAME_LENGTH)}`"
