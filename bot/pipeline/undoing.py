"""The way back: which steps take back what a job has made, and in which order."""

from bot.domain.job import Job, JobState
from bot.pipeline.course import Course
from bot.pipeline.pipeline import Pipeline


def way_back(pipeline: Pipeline, job: Job) -> Course:
    """The undos of all steps that have begun, the last first: what was made from something goes before it.

    Where input is fixed, only of those whose work would stand elsewhere.
    """
    begun = [undo for undo in pipeline.undos if _goes(job, undo.takes_back)]
    return Course(
        steps=tuple(begun),
        dependencies={
            undo.name: frozenset(
                other.name
                for other in begun
                if pipeline.precedes(undo.takes_back, other.takes_back)
            )
            for undo in begun
        },
    )


def _goes(job: Job, step: str) -> bool:
    has_begun = bool(job.step(step).started_at)
    return has_begun and (not job.fix or step in job.fix.taken_back)


def keeps_names(pipeline: Pipeline, job: Job, state: JobState) -> bool:
    """Whether a job that ended so still holds its names.

    A failed one may be retried. What a cancelled one has made stands: whoever made the same again would share it, and
    lose it to the undo. What is done is seen in the world by everybody who asks for the same.
    """
    if state is not JobState.CANCELLED:
        return state is JobState.FAILED
    return any(job.step(undo.takes_back).started_at for undo in pipeline.undos)


def course_of(pipeline: Pipeline, job: Job) -> Course:
    """The steps that the job runs now: those of its pipeline, or the way back.

    A step waits for all before it, also where what it needs itself is there: a plan that is made again, and the
    approval for it, hold up everything that is still to be made.
    """
    if job.goes_back:
        return way_back(pipeline, job)
    return Course(steps=pipeline.steps, dependencies=pipeline.predecessors)
