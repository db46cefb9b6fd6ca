"""Follow the first pipeline until its image is deployed to the deployment repository."""

from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.pipeline.facts import AppRepository, DeploymentRepository, FirstPipeline
from bot.pipeline.step import step
from bot.ports.git_host import GitHost, Pipeline, PipelineState

LOG_LINES = 12
USUAL_QUEUE = timedelta(minutes=2)
PLAIN_FAILURES = {"", "script_failure", "unknown_failure"}


@step("Run the first pipeline", patience=timedelta(hours=2))
async def await_pipeline(
    app: AppRepository, deployment: DeploymentRepository, git: GitHost
) -> FirstPipeline:
    """Wait for the pipeline of the newest commit, since people mend a failed one by committing.

    A failure names the job and shows the end of its log.
    """
    newest = await git.head(app.project.path, app.project.default_branch) or app.commit
    pipeline = await git.find_pipeline(app.project.path, newest.sha)
    if pipeline is None:
        raise NotYet("GitLab to start the first pipeline")
    if pipeline.state is PipelineState.FAILED:
        raise await _failure(pipeline, app, git)
    if pipeline.state is not PipelineState.PASSED:
        raise NotYet(_at_work(pipeline))
    deployed = await git.head(deployment.project.path, deployment.project.default_branch)
    if deployed is None or deployed.sha == deployment.commit.sha:
        raise PermanentError(
            f"The pipeline passed, but it deployed nothing: {pipeline.web_url}",
            "Look at its deploy job, run it again in GitLab, then press Retry.",
        )
    return FirstPipeline(web_url=pipeline.web_url, deployed=deployed)


def _at_work(pipeline: Pipeline) -> str:
    at_work = [job.name for job in pipeline.jobs if job.state is PipelineState.RUNNING]
    if at_work:
        return f"the pipeline's {_listed(at_work)} to finish"
    waiting = [job for job in pipeline.jobs if job.state is PipelineState.WAITING]
    if not waiting:
        return "the pipeline to finish"
    late = next((job for job in waiting if job.queued > USUAL_QUEUE), None)
    if late is None:
        return f"a runner to take the pipeline's {waiting[0].name} job"
    minutes = USUAL_QUEUE.seconds // 60
    return f"a runner to take the pipeline's {late.name} job (none has for more than {minutes} minutes)"


def _listed(names: list[str]) -> str:
    return f"{names[0]} job" if len(names) == 1 else f"{' and '.join(names)} jobs"


async def _failure(pipeline: Pipeline, app: AppRepository, git: GitHost) -> PermanentError:
    fix = "Mend it in the repository or run the job again in GitLab, then press Retry."
    failed = [
        job for job in pipeline.jobs if job.state is PipelineState.FAILED and not job.allow_failure
    ]
    if not failed:
        why = f": {pipeline.problem}" if pipeline.problem else "."
        return PermanentError(f"GitLab could not run the pipeline{why}", fix)
    job = failed[0]
    tail = await git.log_tail(app.project.path, job.id, lines=LOG_LINES)
    reason = "" if job.failure in PLAIN_FAILURES else f" ({job.failure})"
    return PermanentError(
        f"The pipeline's {job.name} job failed{reason}, see {job.web_url}:\n{tail}", fix
    )
