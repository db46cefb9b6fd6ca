"""Delete objects: at once, or as soon as finalizers, kubelet and dependents let go."""

import datetime as dt
from dataclasses import replace
from typing import Any

from bot.sandbox.cluster.api import reading, refusals, writing
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.resources import Resource

Object = dict[str, Any]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def delete(cluster: Cluster, call: Call, options: Object | None) -> Object:
    """Delete one object, or mark it for whoever still holds it.

    Raises:
        Refusal: it is not there, or is not the one that the preconditions mean.
    """
    options = _readable(options)
    call = _with_dry_run(call, options)
    old = writing.live(cluster, call)
    _check_preconditions(call, old, options.get("preconditions") or {})
    grace = _grace_seconds(call, old, options)
    held = _finalizers(call, old, options)
    if held or grace or _is_namespace(call.resource):
        return _marked(cluster, call, old, held, grace)
    if not call.is_dry_run:
        cluster.store.remove(call.key, old)
    return old if call.resource.plural == "pods" else _deleted_status(call.resource, old)


def _readable(options: Any) -> Object:
    if options is not None and not isinstance(options, dict):
        raise refusals.bad_request("the body of a deletion is its DeleteOptions")
    return options or {}


def _with_dry_run(call: Call, options: Object) -> Call:
    """Take a dry run that the body asks for as one that the query asks for."""
    return replace(call, query={**call.query, "dryRun": "All"}) if options.get("dryRun") else call


def _check_preconditions(call: Call, old: Object, wanted: Object) -> None:
    for field, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(field) and wanted[field] != old["metadata"][field]:
            why = (
                f"Precondition failed: {label} in precondition: {wanted[field]}, "
                f"{label} in object meta: {old['metadata'][field]}"
            )
            raise refusals.conflict(call.resource, call.name, why)


def _grace_seconds(call: Call, old: Object, options: Object) -> int:
    """Give a pod that a kubelet has the time to end its processes; nothing else waits."""
    if call.resource.plural != "pods" or call.resource.group or not at(old, "spec", "nodeName"):
        return 0
    if at(old, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    usual = int(at(old, "spec", "terminationGracePeriodSeconds", default=30))
    asked = options.get("gracePeriodSeconds")
    return asked if isinstance(asked, int) else call.number("gracePeriodSeconds", usual)


def _finalizers(call: Call, old: Object, options: Object) -> list[str]:
    """Return what must happen before the object may go, the policy of its deletion included."""
    held = [
        name for name in old["metadata"].get("finalizers") or [] if name not in (FOREGROUND, ORPHAN)
    ]
    policy = options.get("propagationPolicy") or call.query.get("propagationPolicy")
    if policy == "Foreground":
        held.append(FOREGROUND)
    elif policy == "Orphan" or options.get("orphanDependents"):
        held.append(ORPHAN)
    return held


def _marked(cluster: Cluster, call: Call, old: Object, held: list[str], grace: int) -> Object:
    metadata = dict(old["metadata"])
    if "deletionTimestamp" not in metadata:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=grace)
        metadata["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        if "generation" in metadata:
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = min(
        grace, metadata.get("deletionGracePeriodSeconds", grace)
    )
    if held:
        metadata["finalizers"] = held
    new = old | {"metadata": metadata}
    if _is_namespace(call.resource):
        new["status"] = (old.get("status") or {}) | {"phase": "Terminating"}
    if new == old or call.is_dry_run:
        return new
    return cluster.store.put(call.key, new)


def _is_namespace(resource: Resource) -> bool:
    return (resource.group, resource.plural) == ("", "namespaces")


def _deleted_status(resource: Resource, old: Object) -> Object:
    details = {
        "name": old["metadata"]["name"],
        "kind": resource.plural,
        "uid": old["metadata"]["uid"],
    }
    if resource.group:
        details["group"] = resource.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def delete_all(cluster: Cluster, call: Call, options: Object | None) -> Object:
    """Delete every object of a list, and return the list."""
    found = reading.listed(cluster, call)
    for item in found["items"]:
        delete(cluster, call.named(item["metadata"]["name"]), options)
    return found
