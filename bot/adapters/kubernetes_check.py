"""Whether the cluster lets the bot read what it reads, and serves it."""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from bot.adapters.kubernetes import Kubernetes
from bot.adapters.kubernetes_errors import translated, unreachable
from bot.domain.errors import PermanentError
from bot.ports.finding import Checkup, Finding, Findings, failed, ok

_SYSTEM = "Kubernetes"
_SECONDS = 8
_UNAUTHORIZED, _NOT_FOUND = 401, 404
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class _Reading:
    """Something that the bot reads; `missing` says how a cluster comes to serve it."""

    verb: str
    resource: str
    group: str = ""
    version: str = "v1"
    namespaced_in: str = ""
    missing: str = ""

    @property
    def name(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


def _readings(argocd_namespace: str) -> tuple[_Reading, ...]:
    return (
        _Reading("get", "namespaces"),
        _Reading("list", "pods"),
        _Reading("list", "deployments", "apps"),
        _Reading(
            "get",
            "applications",
            "argoproj.io",
            "v1alpha1",
            namespaced_in=argocd_namespace,
            missing="Install Argo CD.",
        ),
        _Reading(
            "get",
            "applicationenvironments",
            "idp.internal",
            "v1alpha1",
            missing="Install Crossplane, and let Argo CD apply the chart helm/compositions.",
        ),
        _Reading(
            "list",
            "httproutes",
            "gateway.networking.k8s.io",
            missing="Install the Gateway API (its HTTPRoute in version v1).",
        ),
    )


def checkup(cluster: Kubernetes, *, argocd_namespace: str) -> Checkup:
    """Look at the credentials, at rights and kinds, and at Argo CD's namespace."""
    findings = _findings(cluster, argocd_namespace)
    return Checkup(_SYSTEM, "the cluster that KUBECONFIG names", findings)


async def _findings(cluster: Kubernetes, argocd_namespace: str) -> Findings:
    try:
        version = await _raw(cluster, "GET", "/version")
        readings = _readings(argocd_namespace)
        allowed = await asyncio.gather(*(_is_allowed(cluster, each) for each in readings))
    except ApiException as error:
        refusal = translated(error, "its version and the bot's rights")
        if error.status != _UNAUTHORIZED or not isinstance(refusal, PermanentError):
            raise refusal from error
        yield ok(_SYSTEM, "reachable", "Its API answers.")
        yield failed(_SYSTEM, "credentials", refusal.cause, refusal.fix)
        return
    yield ok(_SYSTEM, "reachable", f"Kubernetes {version.get('gitVersion', '')} answers.")
    yield ok(_SYSTEM, "credentials", "They are accepted.")
    yield _rights(readings, allowed)
    served = await asyncio.gather(*(_is_served(cluster, each) for each in readings if each.group))
    for reading, is_served in zip((r for r in readings if r.group), served, strict=True):
        yield _kind(reading, is_served=is_served)
    if allowed[0]:
        yield await _argocd(cluster, argocd_namespace)


def _rights(readings: tuple[_Reading, ...], allowed: list[bool]) -> Finding:
    refused = [
        f"{each.verb} {each.name}" for each, may in zip(readings, allowed, strict=True) if not may
    ]
    if refused:
        fix = "Bind the bot's user or service account to a ClusterRole with these rights."
        return failed(_SYSTEM, "rights", f"The bot may not {', '.join(refused)}.", fix)
    return ok(_SYSTEM, "rights", "The bot may read all that it looks at.")


def _kind(reading: _Reading, *, is_served: bool) -> Finding:
    if is_served:
        return ok(_SYSTEM, reading.resource, f"{reading.group}/{reading.version} is served.")
    detail = f"The cluster does not serve {reading.name} in version {reading.version}."
    return failed(_SYSTEM, reading.resource, detail, reading.missing)


async def _argocd(cluster: Kubernetes, namespace: str) -> Finding:
    if await cluster.namespace_exists(namespace):
        return ok(_SYSTEM, "Argo CD", f"Its namespace {namespace} is there.")
    fix = "Install Argo CD, or set ARGOCD_NAMESPACE to the namespace that it is in."
    return failed(_SYSTEM, "Argo CD", f"There is no namespace {namespace}.", fix)


async def _is_allowed(cluster: Kubernetes, reading: _Reading) -> bool:
    attributes = {
        "verb": reading.verb,
        "resource": reading.resource,
        "group": reading.group,
        "namespace": reading.namespaced_in,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await _raw(cluster, "POST", _REVIEWS, review)
    return bool(answer["status"]["allowed"])


async def _is_served(cluster: Kubernetes, reading: _Reading) -> bool:
    try:
        found = await _raw(cluster, "GET", f"/apis/{reading.group}/{reading.version}")
    except ApiException as error:
        if error.status == _NOT_FOUND:
            return False
        raise translated(error, reading.name) from error
    return any(each["name"] == reading.resource for each in found["resources"])


async def _raw(cluster: Kubernetes, method: str, path: str, body: object = None) -> Any:
    """Call without the client's typed APIs, whose first use imports every type of a group, for seconds."""
    try:
        api: Any = await cluster._connected()  # noqa: SLF001 the very connection that is examined
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = await api.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        answer = await api.call_api(*request, _request_timeout=_SECONDS)
        await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(error) from error
    return api.response_deserialize(answer, {"2XX": "object"}).data
