"""Wait until Argo CD runs what the first pipeline deployed."""

import re
from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.pipeline.facts import AppPlan, Deployment, EnvironmentDeclaration, FirstPipeline
from bot.pipeline.step import step
from bot.ports.cluster import Application, Cluster, Health, Sync

FAILED_OPERATIONS = {"Failed", "Error"}
_PASSING = re.compile(
    r"code = (Unavailable|DeadlineExceeded|ResourceExhausted|Canceled)\b|connection (refused|reset)"
    r"|i/o timeout|TLS handshake timeout|context deadline exceeded|no such host|unexpected EOF"
    r"|\b(429 Too Many Requests|50[234] )",
    re.IGNORECASE,
)


@step("Deploy", patience=timedelta(minutes=30))
async def await_deployment(
    plan: AppPlan,
    environment: EnvironmentDeclaration,  # there is nothing to wait for before it
    pipeline: FirstPipeline,
    cluster: Cluster,
) -> Deployment:
    """Live is Synced and Healthy at the revision that the pipeline pushed, with something in it.

    An empty Application is Healthy at once, and a status may speak of an older sync: both are waited out.
    """
    name = plan.names.full_name
    application = await cluster.find_application(name)
    if application is None:
        raise NotYet(await _before_application(name, cluster))
    if application.operation in FAILED_OPERATIONS and not all(map(_passes, application.errors)):
        raise PermanentError(
            f"Argo CD could not sync {name} ({application.web_url}): {_refusal(application)}",
            "Look there, mend the deployment repository, then press Retry.",
        )
    if waiting := _what_is_missing(application, pipeline.deployed.sha):
        words = _refusal(application) or await _trouble(application, cluster)
        raise NotYet(f"{waiting}: {words}" if words else waiting)
    return Deployment(application=name, web_url=application.web_url, revision=application.revision)


def _passes(error: str) -> bool:
    """Whether Argo CD only failed to reach its own parts or the cluster; what the cluster refused is told at once."""
    return "failed to apply" not in error and _PASSING.search(error) is not None


def _refusal(application: Application) -> str:
    """Why Argo CD does not bring the application to the cluster, as far as it says so."""
    said = application.operation_message
    is_refused = application.operation in FAILED_OPERATIONS or "failed" in said
    is_new = is_refused and not any(said in error for error in application.errors)
    return "; ".join([*application.errors, *([said] if is_new else [])])


async def _trouble(application: Application, cluster: Cluster) -> str:
    """Why what Argo CD has brought there does not work, as far as the cluster says so."""
    if application.health is Health.HEALTHY:
        return ""
    return next(iter(await cluster.find_troubles(application.name)), "")


async def _before_application(name: str, cluster: Cluster) -> str:
    environment = await cluster.find_environment(name)
    if environment is None:
        return "Argo CD to apply the environment's manifest"
    if environment.problem:
        return f"Crossplane to compose the environment ({environment.problem})"
    return "Crossplane to compose the environment"


def _what_is_missing(application: Application, wanted: str) -> str:
    if application.revision != wanted or application.sync is not Sync.SYNCED:
        return f"Argo CD to sync revision {wanted[:8]} (now {application.sync})"
    if not application.resources:
        return "Argo CD to apply the application's resources"
    if application.health is not Health.HEALTHY:
        return f"the application to become healthy (now {application.health})"
    if application.operation != "Succeeded":
        return f"Argo CD to finish its sync ({application.operation or 'not begun'})"
    return ""
