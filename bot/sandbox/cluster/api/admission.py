"""Rules of single kinds, which no schema can say: what the server adds to an object, and what it refuses."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from bot.sandbox.cluster.api import definitions, pod_security, quotas, refusals
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.refusals import Cause
from bot.sandbox.cluster.api.resources import Resource
from bot.sandbox.cluster.api.store import Key

Object = dict[str, Any]
Rule = Callable[[Object], Object]


def on_create(cluster: Cluster, call: Call, body: Object) -> Object:
    """Return the new object with what the server adds to it.

    Raises:
        Refusal: the namespace is not there or ends, or a rule of the kind is broken.
    """
    if call.resource.namespaced:
        _check_namespace(cluster, call)
    if (call.resource.group, call.resource.kind) == ("batch", "Job"):
        _check_job(call, body)
    admitted = _ruled(call.resource, _CREATE, body)
    if (call.resource.group, call.resource.kind) == ("", "Pod"):
        admitted = quotas.with_limits(cluster, call, admitted)
        pod_security.check(cluster, call, admitted)
    elif call.resource.group == "apps":
        pod_security.warn(cluster, call, admitted)
    if call.namespace:
        quotas.check(cluster, call, admitted)
    return admitted


def on_update(call: Call, old: Object, body: Object) -> Object:
    """Return the changed object with what the server adds to it."""
    if "deletionTimestamp" in old["metadata"]:
        _check_finalizers(call, old, body)
    if call.subresource:
        return body
    return _ruled(call.resource, _UPDATE, _kept(call.resource, old, body))


def _ruled(resource: Resource, rules: dict[tuple[str, str], Rule], body: Object) -> Object:
    rule = rules.get((resource.group, resource.kind))
    return rule(body) if rule else body


def _check_namespace(cluster: Cluster, call: Call) -> None:
    namespace = cluster.store.get(Key("", "namespaces", "", call.namespace))
    if namespace is None:
        served = cluster.registry.find("", "v1", "namespaces")
        raise refusals.not_found(served or call.resource, call.namespace)
    if "deletionTimestamp" in namespace["metadata"]:
        why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
        cause = Cause(
            "metadata.namespace",
            "NamespaceTerminating",
            f"namespace {call.namespace} is being terminated",
        )
        raise refusals.forbidden(call.resource, call.name, why, [cause])


def _check_job(call: Call, body: Object) -> None:
    policy = at(body, "spec", "template", "spec", "restartPolicy")
    if policy not in {"OnFailure", "Never"}:
        why = 'Required value: valid values: "OnFailure", "Never"'
        cause = Cause("spec.template.spec.restartPolicy", "FieldValueRequired", why)
        raise refusals.invalid(call.resource, call.name, [cause])


def _check_finalizers(call: Call, old: Object, body: Object) -> None:
    added = set(body["metadata"].get("finalizers") or []) - set(
        old["metadata"].get("finalizers") or []
    )
    if added:
        why = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {sorted(added)}"
        cause = Cause("metadata.finalizers", "FieldValueForbidden", why)
        raise refusals.invalid(call.resource, call.name, [cause])


def _kept(resource: Resource, old: Object, body: Object) -> Object:
    """Keep what the server once gave where a writer leaves it out."""
    if (resource.group, resource.kind) != ("", "Service") or not at(old, "spec", "clusterIP"):
        return body
    given = {name: old["spec"][name] for name in ("clusterIP", "clusterIPs") if name in old["spec"]}
    return body | {"spec": given | body.get("spec", {})}


def _namespace(body: Object) -> Object:
    labels = body["metadata"].get("labels") or {}
    own = {"kubernetes.io/metadata.name": body["metadata"]["name"]}
    return body | {
        "metadata": body["metadata"] | {"labels": labels | own},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _secret(body: Object) -> Object:
    plain = body.get("stringData") or {}
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in plain.items()}
    merged = (body.get("data") or {}) | encoded
    kept = {name: each for name, each in body.items() if name not in ("stringData", "data")}
    return kept | ({"data": merged} if merged else {})


def _service(body: Object) -> Object:
    """Give the service an address; nothing listens there, it is what clients print and compare."""
    spec = body.get("spec", {})
    ports = [
        {"targetPort": port["port"]} | port for port in spec.get("ports", []) if "port" in port
    ]
    spec = spec | ({"ports": ports} if ports else {})
    if spec.get("type") != "ExternalName" and not spec.get("clusterIP"):
        name = f"{body['metadata'].get('namespace')}/{body['metadata']['name']}"
        digest = hashlib.sha256(name.encode()).digest()
        spec["clusterIP"] = f"10.96.{digest[0]}.{digest[1] or 1}"
        spec["clusterIPs"] = [spec["clusterIP"]]
    return body | {"spec": spec, "status": {"loadBalancer": {}}}


def _pod(body: Object) -> Object:
    spec = {"serviceAccountName": "default", "enableServiceLinks": True} | body.get("spec", {})
    return body | {"spec": spec, "status": {"phase": "Pending", "qosClass": "BestEffort"}}


def _job(body: Object) -> Object:
    """Mark the job's pods as its own, and let it be asked for them."""
    spec, template = body["spec"], body["spec"]["template"]
    own = {"controller-uid": body["metadata"]["uid"], "job-name": body["metadata"]["name"]}
    own |= {f"batch.kubernetes.io/{name}": value for name, value in own.items()}
    metadata = template.get("metadata") or {}
    marked = metadata | {"labels": (metadata.get("labels") or {}) | own}
    key = "batch.kubernetes.io/controller-uid"
    selector = {"selector": {"matchLabels": {key: own[key]}}}
    return body | {"spec": selector | spec | {"template": template | {"metadata": marked}}}


_CREATE: dict[tuple[str, str], Rule] = {
    ("", "Namespace"): _namespace,
    ("", "Secret"): _secret,
    ("", "Service"): _service,
    ("", "Pod"): _pod,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions.admitted,
}
_UPDATE: dict[tuple[str, str], Rule] = {
    ("", "Secret"): _secret,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions.admitted,
}
