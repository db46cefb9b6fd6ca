"""Compose an ApplicationEnvironment: its namespace, and the Argo CD Application that fills it."""

from typing import Any

from crossplane.function import resource
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

ARGOCD_NAMESPACE = "argocd"
API_GROUP = "idp.internal"

NAMESPACE = "namespace"
APPLICATION = "application"


def compose(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
    """Say what an environment consists of, and which of it is ready."""
    environment = resource.struct_to_dict(req.observed.composite.resource)
    _desire(rsp, NAMESPACE, namespace(environment), is_ready=_is_active(_observed(req, NAMESPACE)))
    # Argo CD fails to sync into a namespace that does not exist, and retries late.
    if _observed(req, NAMESPACE) or _observed(req, APPLICATION):
        is_live = _is_live(_observed(req, APPLICATION))
        _desire(rsp, APPLICATION, application(environment), is_ready=is_live)
    else:
        rsp.desired.composite.ready = fnv1.READY_FALSE
    resource.update(rsp.desired.composite, {"status": _status(req)})


def namespace(environment: dict[str, Any]) -> dict[str, Any]:
    """Build the namespace, named as the environment is."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": environment["metadata"]["name"], "labels": _labels(environment)},
    }


def application(environment: dict[str, Any]) -> dict[str, Any]:
    """Build the Application; its project is the team's, whatever the deployment repository says."""
    name = environment["metadata"]["name"]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": ARGOCD_NAMESPACE,
            "labels": _labels(environment),
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": environment["spec"]["team"],
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "source": _source(environment),
            "syncPolicy": _sync_policy(),
        },
    }


def _source(environment: dict[str, Any]) -> dict[str, Any]:
    folder = f"environments/{environment['spec']['environment']}"
    return {
        "repoURL": environment["spec"]["source"]["repoURL"],
        "targetRevision": environment["spec"]["source"]["targetRevision"],
        "path": ".",
        "helm": {
            "releaseName": environment["metadata"]["name"],
            "valueFiles": ["values.yaml", f"{folder}/values.yaml", f"{folder}/image.yaml"],
            "ignoreMissingValueFiles": True,
        },
    }


def _sync_policy() -> dict[str, Any]:
    return {
        "automated": {"prune": True, "selfHeal": True},
        "syncOptions": ["ServerSideApply=true"],
        # Automated sync never tries a revision again once its retries are spent; a newer one is tried in its place.
        "retry": {
            "limit": 10,
            "refresh": True,
            "backoff": {"duration": "5s", "factor": 2, "maxDuration": "10m"},
        },
    }


def _labels(environment: dict[str, Any]) -> dict[str, str]:
    spec = environment["spec"]
    return {
        f"{API_GROUP}/{key}": spec[key] for key in ("team", "system", "component", "environment")
    }


def _desire(
    rsp: fnv1.RunFunctionResponse, name: str, manifest: dict[str, Any], *, is_ready: bool
) -> None:
    resource.update(rsp.desired.resources[name], manifest)
    rsp.desired.resources[name].ready = fnv1.READY_TRUE if is_ready else fnv1.READY_FALSE


def _observed(req: fnv1.RunFunctionRequest, name: str) -> dict[str, Any]:
    # Reading a protobuf map by index would add an empty entry.
    if name not in req.observed.resources:
        return {}
    return resource.struct_to_dict(req.observed.resources[name].resource)


def _is_active(observed: dict[str, Any]) -> bool:
    return bool(observed.get("status", {}).get("phase") == "Active")


def _is_live(observed: dict[str, Any]) -> bool:
    status = observed.get("status", {})
    is_healthy = status.get("health", {}).get("status") == "Healthy"
    return bool(is_healthy and status.get("sync", {}).get("status") == "Synced")


def _status(req: fnv1.RunFunctionRequest) -> dict[str, str]:
    return {
        name: observed["metadata"]["name"]
        for name in (NAMESPACE, APPLICATION)
        if (observed := _observed(req, name))
    }
