"""Make pipelines from what happened, and keep their states and those of their jobs."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.gitlab.ci import deployments, plans, status
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import reading
from bot.sandbox.gitlab.git.repository import ZERO
from bot.sandbox.gitlab.model import Job, Pipeline, Project, User
from bot.sandbox.gitlab.webhooks import queue, run_payloads
from bot.sandbox.runner.config import CiConfigError
from bot.sandbox.runner.plan import JobPlan, PipelinePlan

_SKIP_MARKS = ("[skip ci]", "[ci skip]")


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a pipeline is wanted, and for what."""

    ref: str
    sha: str
    source: str
    user: User
    before: str = ZERO
    tag: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    merge_request_id: int | None = None
    changed_since: str | None = None


def next_iid(forge: Forge, project: Project) -> int:
    """The next number within the project."""
    runs = forge.store.pipelines.where(lambda each: each.project_id == project.id)
    return max((run.iid for run in runs), default=0) + 1


def make(forge: Forge, project: Project, trigger: Trigger, source: plans.Source) -> Pipeline | str:
    """Store a pipeline with its jobs, ready to run; to be called inside a transaction.

    Returns:
        The pipeline, also one that failed for its configuration; or in GitLab's words why there is none.
    """
    if source.config is None:
        return "Missing CI config file"
    draft = _draft(forge, project, trigger, source)
    by_itself = trigger.source in {"push", "merge_request_event"}
    if by_itself and any(mark in source.commit.message for mark in _SKIP_MARKS):
        return _store(forge, draft.model_copy(update={"status": "skipped"}))
    try:
        plan = plans.parsed(forge, draft, source)
    except CiConfigError as error:
        return _store(forge, _failed(draft, error))
    if not plan.jobs:
        return plan.refusal or "No stages / jobs for this pipeline."
    return _store(forge, draft.model_copy(update={"stages": _used_stages(plan)}), plan)


def _draft(forge: Forge, project: Project, trigger: Trigger, source: plans.Source) -> Pipeline:
    now = forge.now()
    return Pipeline(
        id=0,
        project_id=project.id,
        iid=next_iid(forge, project),
        sha=trigger.sha,
        ref=trigger.ref,
        source=trigger.source,
        created_at=now,
        updated_at=now,
        user_id=trigger.user.id,
        tag=trigger.tag,
        before_sha=trigger.before,
        merge_request_id=trigger.merge_request_id,
        changed_since=trigger.changed_since,
        config=source.config or "",
        variables=trigger.variables,
        committed_at=source.commit.committed_at,
    )


def _failed(draft: Pipeline, error: CiConfigError) -> Pipeline:
    return draft.model_copy(
        update={
            "status": "failed",
            "failure_reason": "config_error",
            "yaml_errors": "\n".join(error.errors),
            "finished_at": draft.created_at,
        }
    )


def _store(forge: Forge, draft: Pipeline, plan: PipelinePlan | None = None) -> Pipeline:
    pipelines = forge.store.pipelines
    stored = pipelines.add(lambda number: draft.model_copy(update={"id": number}))
    for job in plan.in_order() if plan else ():
        add_job(forge, stored, job)
    return stored


def _used_stages(plan: PipelinePlan) -> tuple[str, ...]:
    used = {job.stage for job in plan.jobs}
    return tuple(stage for stage in plan.stages if stage in used)


def add_job(forge: Forge, pipeline: Pipeline, plan: JobPlan, **more: Any) -> Job:
    """Store a job of a pipeline that has not begun."""
    now, environment = forge.now(), plan.environment
    job = forge.store.jobs.add(
        lambda number: Job(
            id=number,
            pipeline_id=pipeline.id,
            project_id=pipeline.project_id,
            name=plan.name,
            stage=plan.stage,
            created_at=now,
            queued_at=now,
            user_id=pipeline.user_id,
            when=str(plan.when),
            allow_failure=bool(plan.allow_failure),
            environment=environment.name if environment else None,
            environment_action=environment.action if environment else "start",
            environment_url=environment.url if environment else None,
            resource_group=plan.resource_group,
            **more,
        )
    )
    if environment:
        deployments.begin(forge, pipeline, job, environment)
    return job


def jobs_of(forge: Forge, pipeline_id: int, *, retried: bool = False) -> list[Job]:
    """The jobs of a pipeline, the latest try of each unless the retried ones are wanted too."""
    return forge.store.jobs.where(
        lambda each: each.pipeline_id == pipeline_id and (retried or not each.retried)
    )


async def change_job(forge: Forge, job_id: int, **changes: object) -> Job:
    """Change a job, let its pipeline follow, and tell the hooks, all at once."""
    project, pipeline, commit = await _context(forge, forge.store.jobs[job_id].pipeline_id)
    with forge.store.transaction():
        job = forge.store.jobs.change(job_id, **changes)
        pipeline = forge.store.pipelines[pipeline.id]
        body = run_payloads.job(forge, project, pipeline, job, commit)
        queue.announce(forge, project, "job_events", body)
        deployments.follow(forge, project, job, commit)
        _follow(forge, project, pipeline, commit)
    return job


async def refresh(forge: Forge, pipeline_id: int) -> Pipeline:
    """Let a pipeline's status follow its jobs."""
    project, pipeline, commit = await _context(forge, pipeline_id)
    with forge.store.transaction():
        return _follow(forge, project, pipeline, commit)


async def announce(forge: Forge, pipeline_id: int) -> None:
    """Tell the hooks of a pipeline as it stands."""
    project, pipeline, commit = await _context(forge, pipeline_id)
    _announce(forge, project, pipeline, commit)


async def _context(forge: Forge, pipeline_id: int) -> tuple[Project, Pipeline, reading.Commit]:
    pipeline = forge.store.pipelines[pipeline_id]
    project = forge.store.projects[pipeline.project_id]
    return project, pipeline, await forge.git(reading.commit, project, pipeline.sha)


def _follow(forge: Forge, project: Project, pipeline: Pipeline, commit: reading.Commit) -> Pipeline:
    becomes = status.of_pipeline(jobs_of(forge, pipeline.id))
    if becomes == pipeline.status:
        return pipeline
    now = forge.now()
    begun = pipeline.started_at or (now if becomes == "running" else None)
    changed = forge.store.pipelines.change(
        pipeline.id,
        status=becomes,
        updated_at=now,
        started_at=begun,
        finished_at=now if becomes in status.FINISHED else None,
    )
    _announce(forge, project, changed, commit)
    return changed


def _announce(forge: Forge, project: Project, pipeline: Pipeline, commit: reading.Commit) -> None:
    body = run_payloads.pipeline(forge, project, pipeline, jobs_of(forge, pipeline.id), commit)
    queue.announce(forge, project, "pipeline_events", body)
