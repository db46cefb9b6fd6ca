"""Answer on the small endpoints beside an object: its scale, its eviction, a token for it."""

import datetime as dt
from typing import Any

from bot.sandbox.cluster.api import deleting, identity, refusals, writing
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.patching import json_patch, merge_patch
from bot.sandbox.cluster.api.resources import ScalePaths

Object = dict[str, Any]

_HOUR = 3600


def scale(cluster: Cluster, call: Call) -> Object:
    """Return how many there should be and how many there are."""
    return _scale_of(_paths(call), writing.live(cluster, call))


def set_scale(cluster: Cluster, call: Call, body: Any) -> Object:
    """Write the number of replicas, given as a whole scale or as a patch of one."""
    paths = _paths(call)
    old = writing.live(cluster, call)
    wanted = _wanted(call, _scale_of(paths, old), body)
    replicas = at(wanted, "spec", "replicas", default=0)
    if not isinstance(replicas, int) or replicas < 0:
        why = f"Invalid value: {replicas!r}: must be greater than or equal to 0"
        cause = refusals.Cause("spec.replicas", "FieldValueInvalid", why)
        raise refusals.invalid(call.resource, call.name, [cause])
    seen = at(wanted, "metadata", "resourceVersion")
    if seen and seen != old["metadata"]["resourceVersion"]:
        raise refusals.stale(call.resource, call.name)
    return _scale_of(
        paths, writing.update(cluster, call, old, _with(old, paths.spec_replicas, replicas))
    )


def _paths(call: Call) -> ScalePaths:
    if call.resource.scale is None:
        raise refusals.no_such_path()
    return call.resource.scale


def _wanted(call: Call, current: Object, body: Any) -> Object:
    if call.verb != "patch":
        return body if isinstance(body, dict) else {}
    if call.content_type != "application/json-patch+json":
        merged: Object = merge_patch.patched(current, body)
        return merged
    try:
        patched: Object = json_patch.patched(current, body)
    except json_patch.CannotPatch as error:
        raise refusals.unprocessable(str(error)) from error
    return patched


def _with(body: Object, path: tuple[str, ...], value: Any) -> Object:
    first, *rest = path
    inner = _with(body.get(first) or {}, tuple(rest), value) if rest else value
    return body | {first: inner}


def _scale_of(paths: ScalePaths, body: Object) -> Object:
    metadata = body["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": at(body, *paths.status_replicas, default=0)}
    selector = at(body, *paths.selector) if paths.selector else None
    if isinstance(selector, dict):
        labels = selector.get("matchLabels", {})
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": at(body, *paths.spec_replicas, default=0)},
        "status": status,
    }


def token(cluster: Cluster, call: Call, body: Any) -> Object:
    """Sign a token for the service account, good for as long as was asked."""
    writing.live(cluster, call)
    spec: Object = (body or {}).get("spec") or {}
    seconds = int(spec.get("expirationSeconds") or _HOUR)
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    signed = identity.issue(cluster, call.namespace, call.name, seconds=seconds)
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": call.name, "namespace": call.namespace},
        "spec": spec | {"expirationSeconds": seconds},
        "status": {"token": signed, "expirationTimestamp": until.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }


def evict(cluster: Cluster, call: Call, body: Any) -> Object:
    """Delete the pod as an eviction does."""
    deleting.delete(cluster, call, (body or {}).get("deleteOptions") or {})
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
