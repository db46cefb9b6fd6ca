"""Run one attempt of one job: check out, take over, run the scripts, hand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.sandbox.runner import artifacts, joblog, process, shell, workspace
from bot.sandbox.runner.host import Checkout, JobState, PipelineHost
from bot.sandbox.runner.joblog import JobLog
from bot.sandbox.runner.plan import JobPlan, PipelinePlan
from bot.sandbox.runner.process import Exit, Limits
from bot.sandbox.runner.substitution import expanded_all
from bot.sandbox.runner.toolchain import Toolchain
from bot.sandbox.runner.workspace import CheckoutFailed, Workspace

_TIMEOUT: Final = 3600.0
_AFTER_SCRIPT_TIMEOUT: Final = 300.0
_SYSTEM_FAILURE: Final = "runner_system_failure"


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended."""

    state: JobState
    failure_reason: str | None = None
    exit_code: int | None = None


async def execute(
    job: JobPlan, plan: PipelinePlan, host: PipelineHost, toolchain: Toolchain
) -> Ended:
    """Run the job as processes; failures of the surroundings end the job, not the pipeline."""
    log = JobLog(host, job.name)
    try:
        async with workspace.opened() as place:
            return await _Attempt(job, plan, host, log, place).run(toolchain)
    except (OSError, CheckoutFailed) as error:
        if await host.cancelled(job.name):
            return await _canceled(log)
        await log.line(f"ERROR: Job failed (system failure): {error}", joblog.BAD)
        return Ended(JobState.FAILED, _SYSTEM_FAILURE)
    finally:
        await log.close()


async def _canceled(log: JobLog) -> Ended:
    await log.line("ERROR: Job failed: canceled", joblog.BAD)
    return Ended(JobState.CANCELED)


class _Attempt:
    def __init__(
        self,
        job: JobPlan,
        plan: PipelinePlan,
        host: PipelineHost,
        log: JobLog,
        place: Workspace,
    ) -> None:
        self._job = job
        self._plan = plan
        self._host = host
        self._log = log
        self._place = place
        self._limits = Limits(job.timeout or _TIMEOUT, lambda: host.cancelled(job.name))

    async def run(self, toolchain: Toolchain) -> Ended:
        checkout = await self._host.checkout(self._job.name)
        variables = await self._variables(checkout)
        env = {**variables, **self._place.environment(toolchain.path)}
        await self._log.line("Running with the sandbox's runner, shell executor")
        await self._log.line("Getting source from Git repository", joblog.HEADING)
        await workspace.fetch(self._place, checkout, variables, self._log, self._limits)
        givers = await artifacts.hand_over(
            self._job, self._plan, self._host.artifacts_dir, self._place.project
        )
        for giver in givers:
            await self._log.line(f"Downloading artifacts for {giver}... ok", joblog.GOOD)
        await self._log.line('Executing "step_script" stage of the job script', joblog.HEADING)
        first = await self._host.pre_build_script(self._job.name)
        commands = (*first, *self._job.before_script, *self._job.script)
        ended = await self._shell("script", commands, env, self._limits)
        await self._after_script(ended, env)
        await self._hand_on(ended, variables)
        return await self._verdict(ended)

    async def _variables(self, checkout: Checkout) -> dict[str, str]:
        """Lowest first: what the runner knows, the file's own, dotenv reports, the host's."""
        job = self._job
        known = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_SERVER": "yes",
            "CI_JOB_NAME": job.name,
            "CI_JOB_STAGE": job.stage,
            "CI_COMMIT_SHA": checkout.sha,
            "CI_COMMIT_SHORT_SHA": checkout.sha[:8],
            "CI_COMMIT_REF_NAME": checkout.ref,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        fixed = {
            "CI_PROJECT_DIR": str(self._place.project),
            "CI_BUILDS_DIR": str(self._place.project.parent),
        }
        if job.environment:
            fixed["CI_ENVIRONMENT_NAME"] = job.environment.name
            fixed["CI_ENVIRONMENT_URL"] = job.environment.url or ""
        handed = artifacts.dotenv(job, self._plan, self._host.artifacts_dir)
        outer = {**handed, **await self._host.variables(job.name), **fixed}
        return expanded_all({**known, **job.variables}, outer)

    async def _shell(
        self, name: str, commands: Sequence[str], env: Mapping[str, str], limits: Limits
    ) -> Exit:
        file = self._place.temporary / f"{name}.sh"
        file.write_text(shell.script(commands), encoding="utf-8")
        return await process.run(
            ("bash", str(file)),
            cwd=self._place.project,
            env=env,
            output=self._log.write,
            limits=limits,
        )

    async def _after_script(self, ended: Exit, env: Mapping[str, str]) -> None:
        """A shell of its own, also after a failure; how it ends does not count."""
        if not self._job.after_script:
            return
        await self._log.line("Running after_script", joblog.HEADING)
        status = {"CI_JOB_STATUS": _status(ended).value}
        limits = Limits(_AFTER_SCRIPT_TIMEOUT, _never)
        after = await self._shell("after", self._job.after_script, {**env, **status}, limits)
        if after.code:
            await self._log.line(
                f"WARNING: after_script failed, but job will continue unaffected: exit code {after.code}",
                joblog.WARNING,
            )

    async def _hand_on(self, ended: Exit, variables: Mapping[str, str]) -> None:
        kept = await artifacts.keep(
            self._job,
            self._place.project,
            self._host.artifacts_dir,
            variables=variables,
            has_succeeded=_status(ended) is JobState.SUCCESS,
        )
        if kept.counts:
            await self._log.line("Uploading artifacts...", joblog.GOOD)
        for path, count in kept.counts.items():
            if count:
                await self._log.line(f"{path}: found {count} matching artifact files")
            else:
                await self._log.line(f"WARNING: {path}: no matching files", joblog.WARNING)

    async def _verdict(self, ended: Exit) -> Ended:
        if ended.was_cancelled:
            return await _canceled(self._log)
        if ended.was_too_slow:
            text = f"execution took longer than {self._limits.timeout:.0f} seconds"
            await self._log.line(f"ERROR: Job failed: {text}", joblog.BAD)
            return Ended(JobState.FAILED, "job_execution_timeout")
        if ended.code:
            await self._log.line(f"ERROR: Job failed: exit code {ended.code}", joblog.BAD)
            return Ended(JobState.FAILED, "script_failure", ended.code)
        await self._log.line("Job succeeded", joblog.GOOD)
        return Ended(JobState.SUCCESS, exit_code=0)


def _status(ended: Exit) -> JobState:
    if ended.was_cancelled:
        return JobState.CANCELED
    return JobState.FAILED if ended.code or ended.was_too_slow else JobState.SUCCESS


async def _never() -> bool:
    return False
