"""One pipeline as the runner sees it: where sources and variables come from, and who hears of its jobs."""

from pathlib import Path

from bot.sandbox.faults.kinds import FailingPipeline, PipelineFault, SlowPipeline
from bot.sandbox.gitlab import tokens
from bot.sandbox.gitlab.ci import pipelines, traces, variables
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git import reading
from bot.sandbox.gitlab.model import Job, Pipeline
from bot.sandbox.runner.host import FINAL, Checkout, JobState
from bot.sandbox.runner.plan import PipelinePlan


class Host:
    """Implements `runner.host.PipelineHost` on the store, for as long as the pipeline runs."""

    def __init__(self, forge: Forge, pipeline: Pipeline, plan: PipelinePlan) -> None:
        self._forge = forge
        self._pipeline = pipeline
        self._plan = plan
        self._tokens: dict[str, str] = {}

    @property
    def artifacts_dir(self) -> Path:
        """Kept with the pipeline."""
        folder = self._forge.root / "artifacts" / str(self._pipeline.id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    async def job_waiting(self, name: str, state: JobState) -> None:
        """Mark the job as one that would begin if it could; another try is another record."""
        job = self._job(name)
        if job.status in FINAL:
            job = self._again(job)
        if job.status != state:
            await pipelines.change_job(self._forge, job.id, status=str(state))

    async def reopened(self) -> frozenset[str]:
        """What has not begun by the records, of which people may have made new ones."""
        jobs = pipelines.jobs_of(self._forge, self._pipeline.id)
        return frozenset(job.name for job in jobs if job.status in {"created", "pending"})

    async def job_started(self, name: str) -> None:
        """Mark the job as running."""
        job = self._job(name)
        self._tokens[name] = tokens.job_token(self._forge, job)
        traces.clear(self._forge, job.id)
        await pipelines.change_job(
            self._forge, job.id, status="running", started_at=self._forge.now(), finished_at=None
        )

    def _again(self, job: Job) -> Job:
        with self._forge.store.transaction():
            self._forge.store.jobs.change(job.id, retried=True)
            return pipelines.add_job(self._forge, self._pipeline, self._plan.job(job.name))

    async def job_log(self, name: str, chunk: bytes) -> None:
        """Append to the trace."""
        traces.append(self._forge, self._job(name).id, chunk)

    async def job_finished(self, name: str, state: JobState, failure_reason: str | None) -> None:
        """Store the end of a job, and take back what it was lent."""
        job = self._job(name)
        self._take_back(name)
        if job.status == state:
            return
        over = self._forge.now() if state in FINAL and job.started_at else None
        await pipelines.change_job(
            self._forge,
            job.id,
            status=str(state),
            failure_reason=failure_reason,
            finished_at=over,
        )

    def take_back_tokens(self) -> None:
        """End what jobs were lent when the run ends early."""
        for name in tuple(self._tokens):
            self._take_back(name)

    def _take_back(self, name: str) -> None:
        if self._tokens.pop(name, None) is not None:
            tokens.end_job_tokens(self._forge, self._job(name).id)

    async def checkout(self, name: str) -> Checkout:
        """The pipeline's commit, cloned with the job's own token."""
        project = self._forge.store.projects[self._pipeline.project_id]
        url = variables.clone_url(self._forge, project, self._tokens[name])
        return Checkout(clone_url=url, sha=self._pipeline.sha, ref=self._pipeline.ref)

    async def pre_build_script(self, name: str) -> tuple[str, ...]:
        """What the faults of the day make the job do first."""
        path = self._forge.full_path(self._forge.store.projects[self._pipeline.project_id])

        def fits(fault: PipelineFault) -> bool:
            return all(
                wanted is None or wanted.search(said)
                for wanted, said in ((fault.project, path), (fault.job, name))
            )

        slow = self._forge.faults.strike(SlowPipeline, fits)
        failing = self._forge.faults.strike(FailingPipeline, fits)
        return (
            *((f"sleep {slow.seconds:g} # a fault of the sandbox: slow-pipeline",) if slow else ()),
            *(("false # a fault of the sandbox: failing-pipeline",) if failing else ()),
        )

    async def variables(self, name: str) -> dict[str, str]:
        """All that the job sees; variables of type file hold the path of a file with their value."""
        job = self._job(name)
        project = self._forge.store.projects[self._pipeline.project_id]
        commit = await self._forge.git(reading.commit, project, self._pipeline.sha)
        found = variables.of_pipeline(self._forge, self._pipeline, commit)
        for each in variables.wanted(self._forge, self._pipeline, environment=job.environment):
            is_file = each.variable_type == "file"
            found[each.key] = self._as_file(each.key, each.value) if is_file else each.value
        token = self._tokens.get(name, "")
        return found | self._pipeline.variables | variables.of_job(self._forge, job, token)

    def _as_file(self, key: str, value: str) -> str:
        folder = self._forge.root / "variables" / str(self._pipeline.id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / key).write_text(value, encoding="utf-8")
        return str(folder / key)

    def masked(self) -> frozenset[str]:
        """What no log may show: masked variables and the jobs' tokens."""
        set_ones = self._forge.store.variables.where(lambda each: each.masked)
        return frozenset({each.value for each in set_ones} | set(self._tokens.values()))

    async def cancelled(self, name: str) -> bool:
        """Whether somebody pressed cancel."""
        return self._job(name).cancel_requested

    def _job(self, name: str) -> Job:
        found = [
            job for job in pipelines.jobs_of(self._forge, self._pipeline.id) if job.name == name
        ]
        return found[-1]
