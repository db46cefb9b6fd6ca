"""What pods, Deployments and routes say of why they do not work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

_BEGINNING = {"", "ContainerCreating", "PodInitializing"}
_OUT_OF_MEMORY = "OOMKilled"


def troubles(
    *, pods: Sequence[Object], deployments: Sequence[Object], routes: Sequence[Object]
) -> tuple[str, ...]:
    """Their complaints, each once: a pod's own say more than those of the Deployment that waits for it.

    What changes from look to look (a pod's name, the seconds until the next start) is left out where it can be.
    """
    found = [
        *(complaint for pod in pods for complaint in _of_pod(pod)),
        *(complaint for deployment in deployments for complaint in _of_deployment(deployment)),
        *(complaint for route in routes for complaint in _of_route(route)),
    ]
    return tuple(dict.fromkeys(found))


def _of_pod(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if (condition["type"], condition["status"]) == ("PodScheduled", "False"):
            yield _said("pod", condition)
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            yield from _of_container(container)


def _of_container(container: Object) -> Iterator[str]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    ended = (container.get("lastState") or {}).get("terminated") or {}
    of = f"container {container['name']}"
    if container.get("ready"):
        return
    if ended.get("reason") == _OUT_OF_MEMORY:
        yield f"{of}: {_OUT_OF_MEMORY}"
    elif ended:
        yield f"{of} ended and was started again (exit code {ended.get('exitCode')})"
    elif waiting.get("reason", "") not in _BEGINNING:
        yield _said(of, waiting)


def _of_deployment(deployment: Object) -> Iterator[str]:
    of = f"Deployment {deployment['metadata']['name']}"
    conditions = {c["type"]: c for c in (deployment.get("status") or {}).get("conditions") or ()}
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        if conditions.get(kind, {}).get("status") == bad:
            yield _said(of, conditions[kind])


def _of_route(route: Object) -> Iterator[str]:
    of = f"HTTPRoute {route['metadata']['name']}"
    for parent in (route.get("status") or {}).get("parents") or ():
        for condition in parent.get("conditions") or ():
            if condition["status"] == "False":
                yield _said(of, condition)


def _said(of: str, by: Object) -> str:
    return ": ".join(filter(None, (of, by.get("reason"), by.get("message"))))
