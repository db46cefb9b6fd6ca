"""Take back what a failed or cancelled job has made, and free the names that it holds."""

from bot.domain.entities import Person
from bot.domain.job import Job, JobState
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.undoing import way_back
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import refusals, taking_in
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer

WHAT = "undo"
NOTHING_MADE = "It has made nothing that could be taken back."


def would_do(job: Job) -> tuple[str, ...]:
    """What an undo would do, in its order; empty where there is nothing to take back."""
    course = way_back(PIPELINES[job.request.kind], job)
    return tuple(step.title for step in reversed(course.steps))


def is_of_use(job: Job) -> bool:
    """Whether an undo changes anything: one that failed holds its names, also where it has made nothing."""
    return job.can_be_undone and (job.state is JobState.FAILED or bool(would_do(job)))


def why_not_undo(job: Job, person: Person, ports: Ports) -> str | None:
    """Why this person may not undo the job now; None when they may."""
    if why_not := why_not_steer(person, job, ports.platform):
        return why_not
    if not job.can_be_undone:
        return "Only a request that failed or was cancelled can be undone, and only once."
    return None if is_of_use(job) else NOTHING_MADE


async def undo(job_id: str, *, person: Person, ports: Ports) -> Reply:
    """Begin the way back: in reverse order, what the job made and nothing else."""
    reply = await _undo(job_id, person=person, ports=ports)
    return await refusals.noted(reply, what=WHAT, job_id=job_id, person=person, ports=ports)


async def _undo(job_id: str, *, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_undo(job, person, ports):
        return Reply(accepted=False, text=why_not)
    with taking_in.storing():
        answer = await ports.jobs.undo(job_id, by=person, at=ports.clock())
    if answer is not Answer.ACCEPTED:
        return Reply(accepted=False, text="Somebody else was faster; look at the card.")
    await taking_in.wake(job_id, ports=ports)
    return Reply(accepted=True, text=_promise(job))


def _promise(job: Job) -> str:
    if would_do(job):
        return f"What “{job.request.name}” has made is being taken back."
    return f"“{job.request.name}” has made nothing: it ends here, and its names become free."
