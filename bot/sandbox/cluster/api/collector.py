"""Carry on deletions: dependents follow their owners, a namespace's content follows it, a definition's objects too.

What is to be done is read from the objects alone, so a killed server goes on where it was.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from bot.sandbox.cluster.api import definitions, deleting
from bot.sandbox.cluster.api.cluster import Call, Cluster, User
from bot.sandbox.cluster.api.store import Change, Key

Object = dict[str, Any]

_COLLECTOR = User("system:serviceaccount:kube-system:generic-garbage-collector")
_MOST_ROUNDS = 1000


@contextlib.asynccontextmanager
async def collecting(cluster: Cluster) -> AsyncIterator[None]:
    """Collect in the background for as long as the context lasts; nothing runs while nothing changes."""
    wake = asyncio.Event()
    wake.set()

    def note(change: Change) -> None:
        if _concerns(change):
            wake.set()

    stop = cluster.store.listen(note)
    task = asyncio.create_task(_collect_forever(cluster, wake))
    try:
        yield
    finally:
        stop()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _concerns(change: Change) -> bool:
    metadata = change.body["metadata"]
    return (
        change.type == "DELETED"
        or "deletionTimestamp" in metadata
        or bool(change.type == "ADDED" and metadata.get("ownerReferences"))
    )


async def _collect_forever(cluster: Cluster, wake: asyncio.Event) -> None:
    while True:
        await wake.wait()
        wake.clear()
        collect(cluster)


def collect(cluster: Cluster) -> None:
    """Do all that can be done now."""
    for _ in range(_MOST_ROUNDS):
        before = cluster.store.revision
        for key, body in _ending(cluster):
            _end(cluster, key, body)
        _collect_orphans(cluster)
        if cluster.store.revision == before:
            return


def _ending(cluster: Cluster) -> list[tuple[Key, Object]]:
    return [
        (key, body)
        for key, body in cluster.store.everything()
        if "deletionTimestamp" in body["metadata"]
    ]


def _end(cluster: Cluster, key: Key, body: Object) -> None:
    finalizers = body["metadata"].get("finalizers") or []
    if (key.group, key.plural) == ("", "namespaces"):
        _end_namespace(cluster, key, body)
    elif definitions.CLEANUP in finalizers:
        _end_definition(cluster, key, body)
    elif deleting.FOREGROUND in finalizers:
        _end_after_dependents(cluster, key, body)
    elif deleting.ORPHAN in finalizers:
        for dependent, found in _dependents(cluster, body):
            _disown(cluster, dependent, found, body["metadata"]["uid"])
        _release(cluster, key, body, deleting.ORPHAN)


def _end_namespace(cluster: Cluster, key: Key, body: Object) -> None:
    content = [found for found, _ in cluster.store.everything() if found.namespace == key.name]
    for found in content:
        _delete(cluster, found)
    if not any(found.namespace == key.name for found, _ in cluster.store.everything()):
        emptied = body | {"spec": body.get("spec", {}) | {"finalizers": []}}
        if body["metadata"].get("finalizers"):
            if emptied != body:
                cluster.store.put(key, emptied)
        else:
            cluster.store.remove(key, emptied)


def _end_definition(cluster: Cluster, key: Key, body: Object) -> None:
    group, plural = body["spec"]["group"], body["spec"]["names"]["plural"]
    for item in cluster.store.of_kind(group, plural):
        metadata = item["metadata"]
        _delete(cluster, Key(group, plural, metadata.get("namespace", ""), metadata["name"]))
    if not cluster.store.of_kind(group, plural):
        _release(cluster, key, body, definitions.CLEANUP)


def _end_after_dependents(cluster: Cluster, key: Key, body: Object) -> None:
    blocking = 0
    for dependent, found in _dependents(cluster, body):
        reference = _reference(found, body["metadata"]["uid"])
        blocking += bool(reference.get("blockOwnerDeletion"))
        _delete(cluster, dependent, policy="Foreground")
    if not blocking:
        _release(cluster, key, body, deleting.FOREGROUND)


def _dependents(cluster: Cluster, owner: Object) -> list[tuple[Key, Object]]:
    uid = owner["metadata"]["uid"]
    return [(key, body) for key, body in cluster.store.everything() if _reference(body, uid)]


def _reference(body: Object, uid: str) -> Object:
    return next((each for each in _references(body) if each.get("uid") == uid), {})


def _references(body: Object) -> Iterator[Object]:
    yield from body["metadata"].get("ownerReferences") or []


def _disown(cluster: Cluster, key: Key, body: Object, uid: str) -> None:
    kept = [each for each in _references(body) if each.get("uid") != uid]
    metadata = {name: each for name, each in body["metadata"].items() if name != "ownerReferences"}
    if kept:
        metadata["ownerReferences"] = kept
    cluster.store.put(key, body | {"metadata": metadata})


def _release(cluster: Cluster, key: Key, body: Object, finalizer: str) -> None:
    """Take one finalizer away; the object goes with the last one."""
    current = cluster.store.get(key) or body
    left = [name for name in current["metadata"]["finalizers"] if name != finalizer]
    metadata = {name: each for name, each in current["metadata"].items() if name != "finalizers"}
    released = current | {"metadata": metadata | ({"finalizers": left} if left else {})}
    if left or metadata.get("deletionGracePeriodSeconds"):
        cluster.store.put(key, released)
    else:
        cluster.store.remove(key, released)


def _collect_orphans(cluster: Cluster) -> None:
    """Delete whatever has owners of which none is there any more."""
    alive = {body["metadata"].get("uid") for _, body in cluster.store.everything()}
    for key, body in cluster.store.everything():
        owners = [each.get("uid") for each in _references(body)]
        if owners and not alive.intersection(owners):
            _delete(cluster, key)


def _delete(cluster: Cluster, key: Key, *, policy: str = "Background") -> None:
    resource = cluster.registry.any_version(key.group, key.plural)
    found = cluster.store.get(key)
    if resource is None or found is None or "deletionTimestamp" in found["metadata"]:
        return
    call = Call(_COLLECTOR, "delete", resource, namespace=key.namespace, name=key.name)
    deleting.delete(cluster, call, {"propagationPolicy": policy})
