"""Declare the application's environment: one manifest in the repository that Argo CD applies."""

from io import StringIO

from ruamel.yaml import YAML

from bot.domain.platform import Platform
from bot.pipeline.facts import AppPlan, DeploymentRepository, EnvironmentDeclaration
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step
from bot.ports.git_host import GitHost, RenderedFile


@step("Declare the environment")
async def declare_environment(
    plan: AppPlan,
    deployment: DeploymentRepository,
    job: JobContext,
    git: GitHost,
    platform: Platform,
) -> EnvironmentDeclaration:
    """Ensure the ApplicationEnvironment is committed; everything in the cluster follows from it."""
    file = f"environments/{plan.environment.name}/{plan.names.full_name}.yaml"
    manifest = _as_yaml(_manifest(plan, deployment, job))
    commit = await git.ensure_files(
        platform.user_apps_project,
        {file: RenderedFile(content=manifest.encode())},
        message=f"Declare {plan.names.full_name} in {plan.environment.name}",
    )
    return EnvironmentDeclaration(file=file, commit=commit)


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
            "annotations": {"idp.internal/job": job.id},
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
