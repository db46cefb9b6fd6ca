"""Replies in a job's thread: the few things worth telling somebody about."""

from datetime import timedelta

from slack_sdk.models.blocks import Block, SectionBlock

from bot.domain import duration
from bot.domain.approval import Standing, Verdict, named
from bot.domain.break_glass import review_due
from bot.domain.job import Job, StepState
from bot.domain.notices import NoticeKind
from bot.pipeline import facts, pipelines
from bot.pipeline.approvals import standing_of, terms_of
from bot.pipeline.undoing import way_back
from bot.slack import advice, mrkdwn, outcomes, verdicts
from bot.usecases.undo import would_do

_A_SECOND = timedelta(seconds=1)


def approval_wanted(job: Job, kind: NoticeKind) -> list[Block]:
    """Say who has to decide: the groups, as their members are asked directly and need not be pinged twice."""
    return _section(wanted(job, kind))


def wanted(job: Job, kind: NoticeKind) -> list[str]:
    """What is asked of whom, why, and until when."""
    terms, waits_for = terms_of(job), standing_of(job)
    if not terms or not waits_for:
        return ["This needs no approval any more."]
    whom = f"Members of {mrkdwn.escaped(named(waits_for.approvers))}"
    lines = [f"{whom}: {_question(waits_for, kind)}"]
    lines += [f"• {mrkdwn.own(reason)}" for reason in terms.reasons]
    lines.append(f"Without an answer {mrkdwn.moment(terms.expires_at, before='by ')} it ends.")
    return lines


def _question(waits_for: Standing, kind: NoticeKind) -> str:
    """What is asked of whom, and how many it takes."""
    takes = (
        "which any one of you can give or refuse"
        if waits_for.missing == 1
        else f"of {waits_for.missing} of you; any one can refuse it"
    )
    match kind:
        case NoticeKind.REMINDER | NoticeKind.QUESTION_AGAIN:
            return f"this still waits for an approval, {takes}."
        case NoticeKind.ESCALATED:
            return f"nobody has settled this so far, so more people may now. It needs an approval, {takes}."
        case _:
            return f"this needs an approval, {takes}."


def agreed(job: Job, number: int) -> list[Block]:
    """Who agreed without being the last one who has to."""
    decision = job.decisions[number - 1]
    by = f"<@{decision.by.slack_id}>"
    return _section([f"{by} agreed. Others have to agree, too.", *_note(decision.reason)])


def decided(job: Job) -> list[Block]:
    """What was decided, by whom, and why."""
    if not job.decision:
        return _section(["A decision was taken."])
    by = f"<@{job.decision.by.slack_id}>"
    if job.decision.verdict is Verdict.APPROVED:
        note = _note(job.decision.reason)
        return _section([f"{by} approved this. It goes on now.", *note])
    reason = mrkdwn.escaped(job.decision.reason)
    return _section([f"{by} denied this. Reason: {reason}"])


def voided(job: Job, number: int) -> list[Block]:
    """Whose decision does not hold any more, and what has changed since it was given."""
    void = job.voided[number - 1]
    whose = ", ".join(f"<@{decision.by.slack_id}>" for decision in void.decisions)
    changed = [f"• {mrkdwn.escaped(sentence)}" for sentence in void.changed]
    return _section(
        [f"{whose}: what you agreed to has changed, so it does not count any more.", *changed]
    )


def glass_broken(job: Job) -> list[Block]:
    """Tell everybody that it went ahead without approval, by whom, why, and who looks at it afterwards."""
    decision, requester = job.broken_glass, job.request.requester
    if not decision:
        return _section(["The glass was broken."])
    is_own = decision.by.user == requester.user
    whose = "their own request" if is_own else f"the request of {_requester(job)}"
    head = f"<@{decision.by.slack_id}> broke the glass for {whose}: it goes ahead without approval."
    reason = f"*Reason:* {mrkdwn.escaped(decision.reason)}"
    glass = decision.glass
    reviewers = mrkdwn.escaped(named(glass.reviewers)) if glass else ""
    due = mrkdwn.moment(review_due(decision), before="until ")
    is_joint = len(job.authors.slack_ids) > 1
    but = "nobody who asked for this or changed it" if is_joint else "not the requester"
    then = f"Another member of {reviewers}, {but}, is to review it {due}."
    return _section([head, reason, then])


def reviewed(job: Job) -> list[Block]:
    """Who has looked at the broken glass, or that somebody should have by now."""
    return _section([verdicts.review(job) or "There is nothing to review."])


def _note(words: str) -> list[str]:
    return [f"*Note:* {mrkdwn.escaped(words)}"] if words else []


def failed(job: Job, step_name: str) -> list[Block]:
    """Which step failed and why, what to do, and what exists so far."""
    record = job.step(step_name)
    step = pipelines.PIPELINES[job.request.kind].by_name[step_name]
    return _section(
        [
            f"{_requester(job)}: “{step.title}” failed. {mrkdwn.told(record.reason)}",
            *advice.lines(record),
            _ways_on(job),
            *([] if job.undo_by else [_so_far(job)]),
        ]
    )


def _ways_on(job: Job) -> str:
    """The card's buttons, in words."""
    retry = "*Retry* on the card goes on from this step"
    if job.undo_by:
        return f"{retry}."
    fix = "*Fix input* asks again for what is at fault, " if job.can_be_fixed else ""
    undo = "takes back what was made" if would_do(job) else "frees its names"
    return f"{fix}{retry}, *Undo* {undo}."


def undone(job: Job) -> list[Block]:
    """What became of everything that the job had made."""
    back = way_back(pipelines.PIPELINES[job.request.kind], job).steps
    remarks = [
        facts.TakenBack.model_validate(job.step(step.name).fact).remark for step in reversed(back)
    ]
    told = [f"• {mrkdwn.escaped(remark)}" for remark in remarks]
    return _section([f"{_requester(job)}: {mrkdwn.escaped(job.ending)}", *told])


def cancelled(job: Job) -> list[Block]:
    """Why it ended, and what exists all the same."""
    ending = mrkdwn.escaped(job.ending)
    return _section([f"{_requester(job)}: this request has ended. {ending}", _so_far(job)])


def done(job: Job) -> list[Block]:
    """That it is done, with every link and the time it took."""
    links = [f"• {_labelled(made)}" for made in outcomes.outcomes(job)]
    return _section([f"{_requester(job)}: done. {_time_taken(job)}", *links])


def _labelled(made: outcomes.Outcome) -> str:
    """An address that is no more than a host is worth reading; of a longer one its label says more."""
    host = made.url.partition("://")[2].rstrip("/")
    if not host or "/" in host:
        return mrkdwn.link(made.url, made.label)
    return f"{made.label}: {mrkdwn.link(made.url, host)}"


def _so_far(job: Job) -> str:
    links = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
    if not links:
        return "Nothing was made."
    return f"What exists so far: {', '.join(links)}."


def _time_taken(job: Job) -> str:
    if not job.finished_at:
        return ""
    total = f"It took {duration.in_short(job.finished_at - job.created_at)}"
    waited = _approval_wait(job)
    if not waited or waited < _A_SECOND:
        return f"{total}."
    return f"{total}, {duration.in_short(waited)} of it for the approval."


def _approval_wait(job: Job) -> timedelta | None:
    record = job.step(pipelines.PIPELINES[job.request.kind].approval_step)
    if not job.decision or not record.started_at or record.state is not StepState.DONE:
        return None
    return job.decision.at - record.started_at


def _requester(job: Job) -> str:
    return f"<@{job.request.requester.slack_id}>"


def _section(lines: list[str]) -> list[Block]:
    return [SectionBlock(text=mrkdwn.mrkdwn("\n".join(lines)))]
