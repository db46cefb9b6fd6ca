"""The plan block: one task per step, each saying how it stands, what it waits for and what it made."""

from collections.abc import Iterator

from slack_sdk.models.blocks import PlanBlock, RichTextBlock, RichTextElement, TaskCardBlock

from bot.domain import duration
from bot.domain.approval import Verdict
from bot.domain.job import UNDO, Job, JobState, StepRecord, StepState
from bot.pipeline import facts, pipelines
from bot.pipeline.undoing import way_back
from bot.slack import advice, mrkdwn, outcomes, rich_text


def plan_block(job: Job, *, detail_length: int = mrkdwn.SENTENCE_LENGTH) -> PlanBlock:
    """All steps of the job in the order of the pipeline's table of contents, and those of the way back after them."""
    pipeline = pipelines.PIPELINES[job.request.kind]
    back = reversed(way_back(pipeline, job).steps) if job.goes_back else ()
    return PlanBlock(
        title=progress(job),
        tasks=[
            _task(job, step.name, step.title, detail_length) for step in (*pipeline.steps, *back)
        ],
    )


def progress(job: Job) -> str:
    """How the job as a whole stands, in a few words."""
    if job.is_stopping and not job.state.is_end:
        return f"Stopping, as {mrkdwn.clean(job.cancelled_by, mrkdwn.NAME_LENGTH)} asked"
    if job.undo_by:
        return _WAY_BACK.get(job.state, "Taking back what was made")
    if job.fix and not job.state.is_end:
        return "Taking back what does not fit any more"
    if job.state is JobState.WAITING_APPROVAL and not job.decision:
        return "Waiting for approval"
    if job.state is JobState.DONE:
        return f"Done{_total(job)}"
    steps = pipelines.PIPELINES[job.request.kind].steps
    done = sum(job.step(step.name).state is StepState.DONE for step in steps)
    how = {JobState.FAILED: "Failed after ", JobState.CANCELLED: "Ended after "}.get(job.state)
    return f"{how}{done} of {len(steps)} steps" if how else f"{done} of {len(steps)} steps done"


_WAY_BACK = {
    JobState.UNDONE: "Undone",
    JobState.FAILED: "Not everything could be taken back",
}


def _total(job: Job) -> str:
    if not job.finished_at:
        return ""
    return f" in {duration.in_short(job.finished_at - job.created_at)}"


def _task(job: Job, name: str, title: str, detail_length: int) -> TaskCardBlock:
    record = job.step(name)
    details = list(_details(job, name, record, detail_length))
    return TaskCardBlock(
        task_id=name,
        title=title,
        status=_status(job, name, record),
        details=rich_text.line(*details) if details else None,
        output=_output(job, name, record),
    )


def _is_left(job: Job, name: str) -> bool:
    """Whether nobody works on the step any more, though it was not finished."""
    return job.state.is_end or (job.goes_back and not name.startswith(UNDO))


def _status(job: Job, name: str, record: StepRecord) -> str:
    match record.state:
        case StepState.DONE:
            return "complete"
        case StepState.FAILED | StepState.DECLINED:
            return "error"
        case StepState.PENDING:
            return "pending"
        case StepState.RUNNING | StepState.WAITING | StepState.RETRYING:
            return "pending" if _is_left(job, name) else "in_progress"


def _details(job: Job, name: str, record: StepRecord, length: int) -> Iterator[RichTextElement]:
    if _is_left(job, name) and record.state in {
        StepState.RUNNING,
        StepState.WAITING,
        StepState.RETRYING,
    }:
        yield rich_text.text("Stopped before it was finished.")
        return
    match record.state:
        case StepState.WAITING:
            yield from _waiting(record, length)
        case StepState.RETRYING:
            yield from _retrying(record, length)
        case StepState.DECLINED if job.decision and job.decision.verdict is Verdict.DENIED:
            yield rich_text.text("Denied.")
        case StepState.FAILED | StepState.DECLINED:
            yield rich_text.text(f"{advice.summary(record)} {record.fix}", length)
        case StepState.RUNNING if record.attempts > 1:
            yield rich_text.text(f"Attempt {record.attempts}.")
        case StepState.PENDING | StepState.RUNNING | StepState.DONE:
            return


def _waiting(record: StepRecord, length: int) -> Iterator[RichTextElement]:
    yield rich_text.text(f"Waiting for {record.reason}", length)
    if record.waiting_since:
        yield rich_text.text(", ")
        yield rich_text.moment(record.waiting_since, before="since ")
    for sentence in advice.sentences(record):
        yield rich_text.text(sentence, length)


def _retrying(record: StepRecord, length: int) -> Iterator[RichTextElement]:
    yield rich_text.text(f"{record.reason} Attempt {record.attempts} did not succeed", length)
    if record.look_at:
        yield rich_text.text("; ")
        yield rich_text.moment(record.look_at, before="next try: ")


def _output(job: Job, name: str, record: StepRecord) -> RichTextBlock | None:
    """What a step made, and how long that took if it took any time, in one line: cards are long enough."""
    if record.state is not StepState.DONE:
        return None
    parts = _made(job, name, record)
    if record.started_at and record.finished_at:
        taken = record.finished_at - record.started_at
        if round(taken.total_seconds()):
            words = duration.in_short(taken)
            parts.append(rich_text.text(f" · {words}" if parts else words))
    return rich_text.line(*parts) if parts else None


def _approved(job: Job) -> str:
    if not job.decision:
        return "Not needed"
    is_glass = job.decision.verdict is Verdict.BREAK_GLASS
    return f"{'Glass broken by' if is_glass else 'By'} {job.decision.by.name}"


def _made(job: Job, name: str, record: StepRecord) -> list[RichTextElement]:
    if name == pipelines.PIPELINES[job.request.kind].approval_step:
        return [rich_text.text(_approved(job), mrkdwn.NAME_LENGTH)]
    if name.startswith(UNDO):
        remark = facts.TakenBack.model_validate(record.fact).remark
        return [rich_text.text(remark, mrkdwn.SENTENCE_LENGTH)]
    made = None if outcomes.is_gone(job, name) else outcomes.outcome(name, record)
    return [rich_text.link(made.url, made.label)] if made else []
