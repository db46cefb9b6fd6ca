"""What people do to pipelines and jobs: cancel, retry, play."""

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.ci import pipelines, plans, status
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Job, Pipeline, User

_RETRYABLE = frozenset({"success", "failed", "canceled"})


async def cancel_pipeline(forge: Forge, pipeline: Pipeline) -> Pipeline:
    """Stop what runs, and let nothing else begin."""
    for job in pipelines.jobs_of(forge, pipeline.id):
        if job.status in status.ACTIVE:
            await cancel_job(forge, job)
    return forge.store.pipelines[pipeline.id]


async def cancel_job(forge: Forge, job: Job) -> Job:
    """Stop one job: at once where it has not begun, else as soon as the runner notices."""
    if job.status not in status.ACTIVE:
        return job
    if job.status == "running":
        return forge.store.jobs.change(job.id, cancel_requested=True)
    return await pipelines.change_job(
        forge, job.id, status="canceled", cancel_requested=True, finished_at=forge.now()
    )


async def retry_pipeline(forge: Forge, pipeline: Pipeline, user: User) -> Pipeline:
    """Run the failed and cancelled jobs again, and those that never came to run because of them."""
    failed = [
        job for job in pipelines.jobs_of(forge, pipeline.id) if job.status in {"failed", "canceled"}
    ]
    await _again(forge, pipeline, failed, user)
    return forge.store.pipelines[pipeline.id]


async def retry_job(forge: Forge, job: Job, user: User) -> Job:
    """Run one job again, as another job of the same name."""
    if job.status not in _RETRYABLE or job.retried:
        raise errors.forbidden("Job is not retryable")
    made = await _again(forge, forge.store.pipelines[job.pipeline_id], [job], user)
    return made[0]


async def _again(forge: Forge, pipeline: Pipeline, jobs: list[Job], user: User) -> list[Job]:
    plan = await plans.plan_of(forge, pipeline)
    with forge.store.transaction():
        made = []
        for job in jobs:
            forge.store.jobs.change(job.id, retried=True)
            made.append(
                pipelines.add_job(
                    forge, pipeline, plan.job(job.name), status="pending", played=job.played
                )
            )
            forge.store.jobs.change(made[-1].id, user_id=user.id)
        _wake_skipped(forge, pipeline)
    await pipelines.refresh(forge, pipeline.id)
    forge.on_jobs_ready(pipeline.id)
    return made


def _wake_skipped(forge: Forge, pipeline: Pipeline) -> None:
    for job in pipelines.jobs_of(forge, pipeline.id):
        if job.status == "skipped":
            forge.store.jobs.change(job.id, status="created")


async def play(forge: Forge, job: Job, user: User) -> Job:
    """Start a manual job."""
    if job.status != "manual":
        raise errors.bad_request("400 Bad request - Unplayable Job")
    played = await pipelines.change_job(
        forge, job.id, status="pending", played=True, user_id=user.id, queued_at=forge.now()
    )
    with forge.store.transaction():
        _wake_skipped(forge, forge.store.pipelines[job.pipeline_id])
    forge.on_jobs_ready(job.pipeline_id)
    return played
