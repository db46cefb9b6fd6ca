"""The health of live objects, as Argo CD's built-in and documented checks assess it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.cluster.controllers.objects import Object, condition_of, is_deleting, kind_of


class HealthStatus(StrEnum):
    """How well something is; the worst of its parts is an Application's own."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A health with the reason for it."""

    status: HealthStatus
    message: str = ""


HEALTHY = Health(HealthStatus.HEALTHY)


def worst(found: Iterable[HealthStatus]) -> HealthStatus:
    """Choose the worst; nothing at all is healthy."""
    order = list(HealthStatus)
    return max(found, key=order.index, default=HealthStatus.HEALTHY)


def assess(live: Object) -> Health | None:
    """Assess an object; None for a kind that has no health."""
    if is_deleting(live):
        return Health(HealthStatus.PROGRESSING, "Pending deletion")
    kind = kind_of(live)
    check = _CHECKS.get((kind.group, kind.kind))
    if check:
        return check(live)
    if kind.group.endswith("crossplane.io"):
        return _crossplane(live) if live.get("status") else None
    # What a composite resource definition made is known by the fields that Crossplane keeps in it.
    if "crossplane" in (live.get("spec") or {}):
        return _composite(live)
    return None


def _deployment(live: Object) -> Health:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    name = live["metadata"]["name"]
    if live["spec"].get("paused"):
        return Health(HealthStatus.SUSPENDED, "Deployment is paused")
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return _progressing("Waiting for rollout to finish: the new generation is not observed yet")
    if condition_of(live, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return Health(HealthStatus.DEGRADED, f'Deployment "{name}" exceeded its progress deadline')
    waiting = _rollout(status, wanted)
    return _progressing(f"Waiting for rollout to finish: {waiting}...") if waiting else HEALTHY


def _rollout(status: Object, wanted: int) -> str:
    """Say what a rollout still waits for; empty when it is over."""
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < wanted:
        return f"{updated} out of {wanted} new replicas have been updated"
    if total > updated:
        return f"{total - updated} old replicas are pending termination"
    if available < updated:
        return f"{available} of {updated} updated replicas are available"
    return ""


def _replica_set(live: Object) -> Health:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if status.get("availableReplicas", 0) < wanted:
        return _progressing(
            f"Waiting for rollout to finish: {status.get('availableReplicas', 0)} out of {wanted} new replicas are available..."
        )
    return HEALTHY


def _pod(live: Object) -> Health:
    status = live.get("status") or {}
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
            return Health(HealthStatus.DEGRADED, waiting.get("message", reason))
    if status.get("phase") == "Failed":
        return Health(HealthStatus.DEGRADED, status.get("message", ""))
    is_ready = condition_of(live, "Ready").get("status") == "True"
    is_done = status.get("phase") == "Succeeded"
    return HEALTHY if is_ready or is_done else _progressing("")


def _job(live: Object) -> Health:
    if condition_of(live, "Failed").get("status") == "True":
        return Health(HealthStatus.DEGRADED, condition_of(live, "Failed").get("message", ""))
    if condition_of(live, "Complete").get("status") == "True":
        return Health(HealthStatus.HEALTHY, "Job completed")
    if live["spec"].get("suspend"):
        return Health(HealthStatus.SUSPENDED, "Job is suspended")
    return _progressing("Waiting for the job to complete")


def _autoscaler(live: Object) -> Health:
    able = condition_of(live, "AbleToScale")
    if able.get("status") == "False":
        return Health(HealthStatus.DEGRADED, able.get("message", ""))
    return HEALTHY if able else _progressing("Waiting to Autoscale")


def _service(live: Object) -> Health:
    if live["spec"].get("type") != "LoadBalancer":
        return HEALTHY
    ingress = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return HEALTHY if ingress else _progressing("")


def _http_route(live: Object) -> Health:
    parents = (live.get("status") or {}).get("parents") or []
    for parent in parents:
        for condition in parent.get("conditions") or []:
            if condition["status"] == "False":
                return Health(HealthStatus.DEGRADED, condition.get("message", ""))
    return HEALTHY if parents else _progressing("Waiting for the status of the parents")


def _application(live: Object) -> Health:
    health = (live.get("status") or {}).get("health") or {}
    status = health.get("status", HealthStatus.PROGRESSING.value)
    return Health(HealthStatus(status), health.get("message", ""))


def _crossplane(live: Object) -> Health:
    for kind in ("Installed", "Healthy", "Established", "Synced", "Ready"):
        condition = condition_of(live, kind)
        if condition.get("status") == "False":
            is_waiting = kind == "Ready"
            status = HealthStatus.PROGRESSING if is_waiting else HealthStatus.DEGRADED
            return Health(status, condition.get("message") or condition.get("reason", ""))
    return HEALTHY


def _composite(live: Object) -> Health:
    synced, ready = condition_of(live, "Synced"), condition_of(live, "Ready")
    if synced.get("status") == "False":
        return Health(HealthStatus.DEGRADED, synced.get("message", ""))
    if ready.get("status") == "True":
        return HEALTHY
    return _progressing(ready.get("message", "Waiting for Crossplane"))


def _progressing(message: str) -> Health:
    return Health(HealthStatus.PROGRESSING, message)


_CHECKS: dict[tuple[str, str], Callable[[Object], Health]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("gateway.networking.k8s.io", "HTTPRoute"): _http_route,
    ("argoproj.io", "Application"): _application,
}
