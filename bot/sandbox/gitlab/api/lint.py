"""Check a CI configuration without running it."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import plans
from bot.sandbox.gitlab.git import repository
from bot.sandbox.gitlab.model import Level, Project
from bot.sandbox.runner import config
from bot.sandbox.runner.plan import CiConfigError, JobPlan


async def lint_sent(call: Call) -> Response:
    """Check the text that was sent."""
    project = call.project(Level.DEVELOPER)
    call.params.need("content")
    return answer(_checked(call, project, call.params.text("content") or ""))


async def lint_own(call: Call) -> Response:
    """Check the project's own configuration."""
    project = call.code()
    revision = call.params.text("content_ref") or call.params.text("sha") or project.default_branch
    try:
        source = await plans.source_of(call.forge, project, revision, repository.ZERO)
    except repository.UnknownRevision:
        return answer(_verdict("", ("Reference not found",), ()))
    if source.config is None:
        return answer(_verdict("", ("Please provide content of .gitlab-ci.yml",), ()))
    return answer(_checked(call, project, source.config))


def _checked(call: Call, project: Project, text: str) -> dict[str, Any]:
    known = {
        "CI_COMMIT_BRANCH": project.default_branch,
        "CI_DEFAULT_BRANCH": project.default_branch,
        "CI_PIPELINE_SOURCE": "push",
    }
    try:
        plan = config.parse(text, variables=known)
    except CiConfigError as error:
        return _verdict(text, error.errors, ())
    shown = plan.jobs if call.params.flag("include_jobs") else ()
    refusal = (plan.refusal,) if plan.refusal and call.params.flag("dry_run") else ()
    return _verdict(text, refusal, shown)


def _verdict(text: str, errors: tuple[str, ...], jobs: tuple[JobPlan, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "valid": not errors,
        "errors": list(errors),
        "warnings": [],
        "merged_yaml": text,
        "includes": [],
    }
    if jobs:
        found["jobs"] = [_job(job) for job in jobs]
    return found


def _job(job: JobPlan) -> dict[str, Any]:
    return {
        "name": job.name,
        "stage": job.stage,
        "before_script": list(job.before_script),
        "script": list(job.script),
        "after_script": list(job.after_script),
        "tag_list": list(job.tags),
        "only": None,
        "except": None,
        "environment": job.environment.name if job.environment else None,
        "when": str(job.when),
        "allow_failure": bool(job.allow_failure),
        "needs": [{"name": need.job} for need in job.needs or ()],
    }


ROUTES = (
    Route("GET", "/projects/{id}/ci/lint", lint_own),
    Route("POST", "/projects/{id}/ci/lint", lint_sent),
)
