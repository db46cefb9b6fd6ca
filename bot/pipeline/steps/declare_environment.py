"""Declare the application's environment: one manifest in the repository that Argo CD applies."""

from datetime import timedelta
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.domain.errors import NotYet
from bot.domain.platform import Platform
from bot.pipeline.blueprint import manifest_file
from bot.pipeline.facts import AppPlan, DeploymentRepository, EnvironmentDeclaration, TakenBack
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step, undo
from bot.ports.cluster import Cluster
from bot.ports.git_host import GitHost, RenderedFile

_JOB = "idp.internal/job"


@step("Declare the environment")
async def declare_environment(
    plan: AppPlan,
    deployment: DeploymentRepository,
    job: JobContext,
    git: GitHost,
    platform: Platform,
) -> EnvironmentDeclaration:
    """Ensure the ApplicationEnvironment is committed; everything in the cluster follows from it."""
    file = manifest_file(plan)
    manifest = _as_yaml(_manifest(plan, deployment, job))
    commit = await git.ensure_files(
        platform.user_apps_project,
        {file: RenderedFile(content=manifest.encode())},
        message=f"Declare {plan.names.full_name} in {plan.environment.name}",
    )
    return EnvironmentDeclaration(file=file, commit=commit)


@undo(declare_environment, "Take the environment down", patience=timedelta(minutes=30))
async def take_environment_down(
    plan: AppPlan, job: JobContext, git: GitHost, cluster: Cluster, platform: Platform
) -> TakenBack:
    """Argo CD takes everything down when the manifest is gone; a manifest of another job is left alone."""
    file, project = manifest_file(plan), platform.user_apps_project
    content = await git.read_file(project, file, ref="main")
    if content is not None:
        if _job_of(content) != job.id:
            return TakenBack(remark=f"{file} was not written for this request, so it stays.")
        message = f"Take {plan.names.full_name} in {plan.environment.name} back"
        await git.remove_files(project, [file], message=message)
    if await cluster.namespace_exists(plan.names.full_name):
        raise NotYet("Argo CD to take the environment down")
    return TakenBack(remark=f"{plan.names.full_name} is gone from {plan.environment.name}.")


def _job_of(manifest: bytes) -> str:
    """The job that a manifest was written for; empty where it says none."""
    try:
        document = YAML(typ="safe", pure=True).load(manifest.decode())
        return str(document["metadata"]["annotations"][_JOB])
    except (YAMLError, UnicodeDecodeError, KeyError, TypeError):
        return ""


def _manifest(
    plan: AppPlan, deployment: DeploymentRepository, job: JobContext
) -> dict[str, object]:
    names = plan.names
    parts = {
        "team": names.team,
        "system": names.system,
        "component": names.component,
        "environment": plan.environment.name,
    }
    return {
        "apiVersion": "idp.internal/v1alpha1",
        "kind": "ApplicationEnvironment",
        "metadata": {
            "name": names.full_name,
            "labels": {f"idp.internal/{part}": value for part, value in parts.items()},
            "annotations": {_JOB: job.id},
        },
        "spec": {
            **parts,
            "source": {
                "repoURL": deployment.project.clone_url,
                "targetRevision": deployment.project.default_branch,
            },
        },
    }


def _as_yaml(manifest: dict[str, object]) -> str:
    """The same bytes for the same manifest, so that a rerun finds no difference."""
    text = StringIO()
    YAML().dump(manifest, text)
    return text.getvalue()
