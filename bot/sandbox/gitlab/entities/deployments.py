"""Environments and deployments."""

from typing import Any

from bot.sandbox.gitlab.entities import people, runs, spaces
from bot.sandbox.gitlab.entities.times import iso
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.model import Deployment, Environment


def environment_basic(environment: Environment) -> dict[str, Any]:
    """An environment beside a deployment."""
    return {
        "id": environment.id,
        "name": environment.name,
        "slug": environment.slug,
        "external_url": environment.external_url,
        "created_at": iso(environment.created_at),
        "updated_at": iso(environment.updated_at),
    }


def environment(forge: Forge, record: Environment) -> dict[str, Any]:
    """An environment in a list."""
    return environment_basic(record) | {
        "description": record.description,
        "tier": record.tier,
        "state": record.state,
        "project": spaces.simple(forge, forge.store.projects[record.project_id]),
        "cluster_agent": None,
        "kubernetes_namespace": None,
        "flux_resource_path": None,
        "auto_stop_at": None,
        "auto_stop_setting": "always",
    }


def last_deployment(forge: Forge, record: Environment) -> Deployment | None:
    """The newest deployment that succeeded."""
    found = forge.store.deployments.where(
        lambda each: each.environment_id == record.id and each.status == "success"
    )
    return found[-1] if found else None


def deployment(forge: Forge, record: Deployment, commit: Commit) -> dict[str, Any]:
    """A deployment by itself or in a list."""
    job = forge.store.jobs.get(record.job_id)
    return {
        "id": record.id,
        "iid": record.iid,
        "ref": record.ref,
        "sha": record.sha,
        "status": record.status,
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
        "user": people.basic_by_id(forge, record.user_id),
        "environment": environment_basic(forge.store.environments[record.environment_id]),
        "deployable": runs.job(forge, job, commit) if job else None,
    }
