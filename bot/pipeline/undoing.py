"""The way back: which steps take back what a job has made, and in which order."""

from bot.domain.job import Job
from bot.pipeline.course import Course
from bot.pipeline.pipeline import Pipeline


def way_back(pipeline: Pipeline, job: Job) -> Course:
    """The undos of all steps that have begun, the last first: what was made from something goes before it."""
    begun = [undo for undo in pipeline.undos if job.step(undo.takes_back).started_at]
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


def course_of(pipeline: Pipeline, job: Job) -> Course:
    """The steps that the job runs now: those of its pipeline, or the way back."""
    if job.undo_by:
        return way_back(pipeline, job)
    return Course(steps=pipeline.steps, dependencies=pipeline.dependencies)
