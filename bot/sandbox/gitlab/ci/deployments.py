"""Environments and the deployments to them, which follow the jobs that name an environment."""

import re

from bot.sandbox.gitlab.ci.status import slug
from bot.sandbox.gitlab.entities.times import zoned
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.model import Deployment, Environment, Job, Pipeline, Project
from bot.sandbox.gitlab.webhooks import payloads, queue
from bot.sandbox.runner import plan

LONGEST_SLUG = 24
_TIERS = (
    ("production", r"prod|live"),
    ("staging", r"stag|stg|model|pre|demo|non-?prod|preprod"),
    ("testing", r"test|tst|int|ac(ce)?pt|qa|qc|control|quality"),
    ("development", r"dev|review|trunk"),
)
_OF_JOB = {
    "waiting_for_resource": "created",
    "preparing": "created",
    "pending": "created",
    "manual": "blocked",
}
_ANNOUNCED = frozenset({"running", "success", "failed", "canceled"})


def named(forge: Forge, project_id: int, name: str) -> Environment | None:
    """The project's environment of that name."""
    return forge.store.environments.first(
        lambda each: each.project_id == project_id and each.name == name
    )


def add(
    forge: Forge, project_id: int, name: str, *, url: str | None = None, tier: str | None = None
) -> Environment:
    """Store an environment; GitLab guesses the tier from the name where nobody says it."""
    now = forge.now()
    return forge.store.environments.add(
        lambda number: Environment(
            id=number,
            project_id=project_id,
            name=name,
            slug=slug(name, LONGEST_SLUG),
            tier=tier or _tier(name),
            external_url=url,
            created_at=now,
            updated_at=now,
        )
    )


def _tier(name: str) -> str:
    lower = name.lower()
    return next((tier for tier, words in _TIERS if re.search(words, lower)), "other")


def begin(forge: Forge, pipeline: Pipeline, job: Job, wanted: plan.Environment) -> None:
    """Note that a new job will deploy; to be called inside the transaction that stores the job."""
    environment = named(forge, job.project_id, wanted.name) or add(
        forge, job.project_id, wanted.name, url=wanted.url, tier=wanted.tier
    )
    if wanted.action != "start":
        return
    others = forge.store.deployments.where(lambda each: each.project_id == job.project_id)
    now = forge.now()
    forge.store.deployments.add(
        lambda number: Deployment(
            id=number,
            iid=max((each.iid for each in others), default=0) + 1,
            project_id=job.project_id,
            environment_id=environment.id,
            job_id=job.id,
            ref=pipeline.ref,
            sha=pipeline.sha,
            user_id=job.user_id,
            status=_OF_JOB.get(job.status, job.status),
            created_at=now,
            updated_at=now,
        )
    )


def follow(forge: Forge, project: Project, job: Job, commit: Commit) -> None:
    """Let a deployment follow its job, and the environment the deployment."""
    if job.environment is None:
        return
    deployment = forge.store.deployments.first(lambda each: each.job_id == job.id)
    if deployment is not None:
        _move(forge, project, deployment, job, commit)
    environment = named(forge, job.project_id, job.environment)
    if job.status != "success" or environment is None:
        return
    if job.environment_action == "stop":
        stop(forge, environment)
    elif deployment is not None:
        url = job.environment_url or environment.external_url
        forge.store.environments.change(
            environment.id, state="available", external_url=url, updated_at=forge.now()
        )


def stop(forge: Forge, environment: Environment) -> Environment:
    """Say that nothing is deployed there any more."""
    return forge.store.environments.change(environment.id, state="stopped", updated_at=forge.now())


def _move(forge: Forge, project: Project, known: Deployment, job: Job, commit: Commit) -> None:
    becomes = _OF_JOB.get(job.status, job.status)
    if becomes == known.status:
        return
    changed = forge.store.deployments.change(known.id, status=becomes, updated_at=forge.now())
    if becomes in _ANNOUNCED:
        queue.announce(
            forge, project, "deployment_events", _body(forge, project, changed, job, commit)
        )


def _body(
    forge: Forge, project: Project, record: Deployment, job: Job, commit: Commit
) -> dict[str, object]:
    environment = forge.store.environments[record.environment_id]
    user = forge.store.users[record.user_id]
    url = forge.web_url(project)
    return {
        "object_kind": "deployment",
        "status": record.status,
        "status_changed_at": zoned(record.updated_at),
        "deployment_id": record.id,
        "deployable_id": job.id,
        "deployable_url": f"{url}/-/jobs/{job.id}",
        "environment": environment.name,
        "environment_tier": environment.tier,
        "environment_slug": environment.slug,
        "environment_external_url": job.environment_url or environment.external_url,
        "project": payloads.project(forge, project),
        "ref": record.ref,
        "short_sha": record.sha[:8],
        "user": payloads.user(user),
        "user_url": f"{forge.url}/{user.username}",
        "commit_url": f"{url}/-/commit/{record.sha}",
        "commit_title": commit.title,
    }
