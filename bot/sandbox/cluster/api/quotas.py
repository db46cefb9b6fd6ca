"""Count what a namespace uses, refuse what exceeds its quotas, and give containers their usual limits."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from bot.sandbox.cluster.api import quantities, refusals
from bot.sandbox.cluster.api.cluster import Call, Cluster
from bot.sandbox.cluster.api.columns import at
from bot.sandbox.cluster.api.store import Change, Key
from bot.sandbox.faults.kinds import FullQuota

Object = dict[str, Any]
Usage = dict[str, Decimal]

_ENDED = ("Succeeded", "Failed")
_COUNTED = frozenset({"pods", "services", "configmaps", "secrets", "resourcequotas"})
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def with_limits(cluster: Cluster, call: Call, pod: Object) -> Object:
    """Give each container of a pod the requests and limits that the namespace's limit ranges say."""
    ranges = cluster.store.of_kind("", "limitranges", call.namespace)
    usual = [
        limit
        for each in ranges
        for limit in at(each, "spec", "limits", default=[])
        if limit.get("type") == "Container"
    ]
    if not usual:
        return pod
    containers = [_limited(each, usual) for each in at(pod, "spec", "containers", default=[])]
    return pod | {"spec": pod["spec"] | {"containers": containers}}


def _limited(container: Object, usual: list[Object]) -> Object:
    resources = container.get("resources") or {}
    limits, requests = dict(resources.get("limits") or {}), dict(resources.get("requests") or {})
    for limit in usual:
        limits = (limit.get("default") or {}) | limits
        requests = (limit.get("defaultRequest") or {}) | requests
    requests = limits | requests
    return container | {"resources": resources | {"limits": limits, "requests": requests}}


def check(cluster: Cluster, call: Call, body: Object) -> None:
    """Hold a new object against the quotas of its namespace.

    Raises:
        Refusal: one of them would be exceeded, or cannot be counted.
    """
    more = _usage_of(call.key, body)
    kept = cluster.store.of_kind("", "resourcequotas", call.namespace)
    for quota in (*kept, *_full(cluster, call)):
        hard = at(quota, "spec", "hard", default={})
        limited = [name for name in hard if name in more or name in _needed(call)]
        missing = [name for name in limited if name not in more]
        if missing:
            why = f"failed quota: {quota['metadata']['name']}: must specify {','.join(missing)}"
            raise refusals.forbidden(call.resource, call.name, why)
        used = usage(cluster, call.namespace, hard)
        over = [name for name in limited if used[name] + more[name] > quantities.read(hard[name])]
        if over:
            raise refusals.forbidden(call.resource, call.name, _exceeded(quota, over, more, used))


def _full(cluster: Cluster, call: Call) -> list[Object]:
    """Return the quota that a fault has put there: what is used now is all that may be."""
    plural = call.resource.plural
    place = (call.namespace, call.resource.group)
    if not cluster.faults.strike(
        FullQuota, lambda each: (each.application, "") == place and each.resource == plural
    ):
        return []
    used = usage(cluster, call.namespace, [plural])
    hard = {plural: quantities.written(used[plural])}
    return [{"metadata": {"name": "sandbox-full-quota"}, "spec": {"hard": hard}}]


def _needed(call: Call) -> tuple[str, ...]:
    """Return what a pod must state where a quota limits it."""
    if call.resource.plural != "pods":
        return ()
    requests = [name for base in _COMPUTE for name in (f"requests.{base}", base)]
    return (*requests, *(f"limits.{base}" for base in _COMPUTE))


def _exceeded(quota: Object, names: Iterable[str], more: Usage, used: Usage) -> str:
    hard = quota["spec"]["hard"]

    def listed(values: Iterator[tuple[str, str]]) -> str:
        return ",".join(f"{name}={value}" for name, value in values)

    requested = listed((name, quantities.written(more[name])) for name in names)
    present = listed((name, quantities.written(used[name])) for name in names)
    limited = listed((name, str(hard[name])) for name in names)
    return (
        f"exceeded quota: {quota['metadata']['name']}, requested: {requested}, "
        f"used: {present}, limited: {limited}"
    )


def usage(cluster: Cluster, namespace: str, names: Iterable[str]) -> Usage:
    """Return how much of each named resource a namespace uses."""
    used = dict.fromkeys(names, Decimal(0))
    for key, body in cluster.store.everything():
        if key.namespace != namespace:
            continue
        for name, amount in _usage_of(key, body).items():
            if name in used:
                used[name] += amount
    return used


def _usage_of(key: Key, body: Object) -> Usage:
    counted = f"count/{key.plural}.{key.group}" if key.group else f"count/{key.plural}"
    used = {counted: Decimal(1)}
    if key.group or key.plural not in _COUNTED:
        return used
    if key.plural != "pods":
        return used | {key.plural: Decimal(1)}
    return used | _pod_usage(body)


def _pod_usage(pod: Object) -> Usage:
    """Count a pod as long as it runs, or may."""
    if at(pod, "status", "phase") in _ENDED:
        return {}
    used = {"pods": Decimal(1)}
    for container in at(pod, "spec", "containers", default=[]):
        for kind in ("requests", "limits"):
            for name, quantity in at(container, "resources", kind, default={}).items():
                amount = quantities.read(quantity)
                for counted in (f"{kind}.{name}", *((name,) if kind == "requests" else ())):
                    used[counted] = used.get(counted, Decimal(0)) + amount
    return used


def follow(cluster: Cluster) -> None:
    """Keep the status of quotas true from now on."""
    cluster.store.listen(lambda change: _recount(cluster, change))


def _recount(cluster: Cluster, change: Change) -> None:
    namespace = change.key.namespace
    if not namespace:
        return
    for quota in cluster.store.of_kind("", "resourcequotas", namespace):
        hard = at(quota, "spec", "hard", default={})
        used = usage(cluster, namespace, hard)
        shown = {name: quantities.written(used[name]) for name in hard}
        status = {"hard": hard, "used": shown}
        if quota.get("status") != status:
            key = Key("", "resourcequotas", namespace, quota["metadata"]["name"])
            cluster.store.put(key, quota | {"status": status})
