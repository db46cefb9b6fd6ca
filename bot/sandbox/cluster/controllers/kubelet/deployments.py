"""Deployments: a ReplicaSet per version of the template, and the way from one to the next."""

from datetime import UTC, datetime, timedelta

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet import rollout
from bot.sandbox.cluster.controllers.kubelet.replicasets import REPLICA_SET
from bot.sandbox.cluster.controllers.kubelet.rollout import Limits, Replicas
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    annotations,
    condition_of,
    controller_of,
    is_deleting,
    key_of,
    labels,
    owner_reference,
    parse_timestamp,
    timestamp,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding
from bot.sandbox.faults import Faults
from bot.sandbox.faults.kinds import ApplicationFault

DEPLOYMENT = Kind("apps/v1", "Deployment")
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
KEPT_SETS = 10


class Deployments:
    """The Deployment controller."""

    def __init__(self, kube: Kube, informers: Informers, faults: Faults, voice: Voice) -> None:
        self._voice = voice
        self._kube = kube
        self._informers = informers
        self._faults = faults
        self._deployments = Reconciler("kubelet/deployment", self._reconcile)

    async def start(self) -> None:
        """Begin to watch."""
        (await self._informers.of(*REPLICA_SET)).subscribe(self._set_changed)
        (await self._informers.of(*DEPLOYMENT)).subscribe(adding(self._deployments))

    async def close(self) -> None:
        """End all work."""
        await self._deployments.close()

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        replica_set = new or old or {"metadata": {}}
        owner = controller_of(replica_set)
        if owner and owner["kind"] == DEPLOYMENT.kind:
            self._deployments.add(Key(replica_set["metadata"]["namespace"], owner["name"]))

    async def _reconcile(self, key: Key) -> float | None:
        deployment = (await self._informers.of(*DEPLOYMENT)).objects.get(key)
        if not deployment or is_deleting(deployment):
            return None
        sets = await self._sets_of(deployment)
        current = await self._current(deployment, sets)
        old = [entry for entry in sets if key_of(entry) != key_of(current)]
        if not deployment["spec"].get("paused"):
            await self._scale(deployment, current, old)
        await self._forget(deployment, old)
        return await self._report(deployment, current, old)

    async def _sets_of(self, deployment: Object) -> list[Object]:
        uid = deployment["metadata"]["uid"]
        found = (await self._informers.of(*REPLICA_SET)).objects.values()
        return [entry for entry in found if (controller_of(entry) or {}).get("uid") == uid]

    async def _current(self, deployment: Object, sets: list[Object]) -> Object:
        """Find or make the set of today's template; the newest one has the highest revision."""
        wanted = rollout.template_hash(deployment["spec"]["template"])
        highest = max((_revision(entry) for entry in sets), default=0)
        current = next((entry for entry in sets if labels(entry).get(HASH) == wanted), None)
        if current is None:
            revision = highest + 1
            current = await self._kube.create(_set_of(deployment, wanted, revision))
        elif (revision := _revision(current)) < highest:
            revision = highest + 1
            mark = {"metadata": {"annotations": {REVISION: str(revision)}}}
            current = await self._kube.patch(REPLICA_SET, key_of(current), mark)
        if annotations(deployment).get(REVISION) != str(revision):
            mark = {"metadata": {"annotations": {REVISION: str(revision)}}}
            await self._kube.patch(DEPLOYMENT, key_of(deployment), mark)
        return current

    async def _scale(self, deployment: Object, current: Object, old: list[Object]) -> None:
        recreate = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
        numbers = rollout.plan(
            rollout.limits_of(deployment),
            _replicas(current),
            [_replicas(entry) for entry in old],
            recreate=recreate,
        )
        for entry in (current, *old):
            wanted = numbers[entry["metadata"]["name"]]
            if entry["spec"].get("replicas") != wanted:
                await self._kube.patch(REPLICA_SET, key_of(entry), {"spec": {"replicas": wanted}})
                self._voice.normal(deployment, "ScalingReplicaSet", _scaled(entry, wanted))

    async def _forget(self, deployment: Object, old: list[Object]) -> None:
        keep = deployment["spec"].get("revisionHistoryLimit", KEPT_SETS)
        empty = [entry for entry in old if not entry["spec"].get("replicas") and not _count(entry)]
        empty.sort(key=_revision, reverse=True)
        for entry in empty[keep:]:
            await self._kube.delete(REPLICA_SET, key_of(entry))

    async def _report(self, deployment: Object, current: Object, old: list[Object]) -> float | None:
        limits = rollout.limits_of(deployment)
        everything = [current, *old]
        available = sum(_count(entry, "availableReplicas") for entry in everything)
        total = sum(_count(entry) for entry in everything)
        counts = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": total,
            "updatedReplicas": _count(current),
            "readyReplicas": sum(_count(entry, "readyReplicas") for entry in everything),
            "availableReplicas": available,
            "unavailableReplicas": max(0, limits.wanted - available),
        }
        before = deployment.get("status") or {}
        is_done = _count(current) == total == limits.wanted == available
        allowed = None if is_done else self._deadline(deployment)
        progressing, look_again_in = _progressing(deployment, current, counts, allowed)
        conditions = [_available(limits, available), progressing, *_failures(current)]
        kept = [c for c in before.get("conditions") or [] if c["type"] != "ReplicaFailure"]
        merged = with_conditions(kept, conditions)
        await self._kube.patch_status(deployment, before | counts | {"conditions": merged})
        return look_again_in

    def _deadline(self, deployment: Object) -> float:
        """How long the rollout may go without progress: nobody waits ten minutes for a fault that they asked for."""
        seconds: float = deployment["spec"].get("progressDeadlineSeconds", 600)
        namespace = deployment["metadata"]["namespace"]
        faults = self._faults.now(ApplicationFault)
        wanted = [each.progress_deadline for each in faults if each.application == namespace]
        return min([seconds, *wanted])


def _scaled(entry: Object, wanted: int) -> str:
    before, name = int(entry["spec"].get("replicas", 0)), entry["metadata"]["name"]
    direction = "up" if wanted > before else "down"
    return f"Scaled {direction} replica set {name} from {before} to {wanted}"


def _progressing(
    deployment: Object, current: Object, counts: Object, seconds: float | None
) -> tuple[Object, float | None]:
    """Judge the rollout, and say when its deadline is; one that may take no time more is done."""
    name, before = current["metadata"]["name"], condition_of(deployment, "Progressing")
    if seconds is None:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return _progress("NewReplicaSetAvailable", message, before), None
    status = deployment.get("status") or {}
    # Generation too: a new template begins a new rollout even if no number has changed yet.
    moved = any(status.get(word) != value for word, value in counts.items())
    now = datetime.now(UTC)
    since = (
        now
        if moved or "lastUpdateTime" not in before
        else parse_timestamp(before["lastUpdateTime"])
    )
    deadline = since + timedelta(seconds=seconds)
    if now >= deadline:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return _progress("ProgressDeadlineExceeded", message, before, status="False"), None
    condition = _progress("ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', before)
    condition["lastUpdateTime"] = timestamp(since)
    return condition, (deadline - now).total_seconds() + 1


def _progress(reason: str, message: str, before: Object, *, status: str = "True") -> Object:
    is_same = (before.get("reason"), before.get("message")) == (reason, message)
    since = before.get("lastUpdateTime") if is_same else None
    return {
        "type": "Progressing",
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": since or timestamp(),
    }


def _available(limits: Limits, available: int) -> Object:
    is_available = available >= limits.wanted - limits.unavailable
    reason = "MinimumReplicasAvailable" if is_available else "MinimumReplicasUnavailable"
    words = "has" if is_available else "does not have"
    return {
        "type": "Available",
        "status": "True" if is_available else "False",
        "reason": reason,
        "message": f"Deployment {words} minimum availability.",
    }


def _failures(current: Object) -> list[Object]:
    failure = condition_of(current, "ReplicaFailure")
    fields = ("type", "status", "reason", "message")
    return [{name: failure[name] for name in fields}] if failure else []


def _set_of(deployment: Object, template_hash: str, revision: int) -> Object:
    spec = deployment["spec"]
    template = spec["template"]
    marked = (template.get("metadata") or {}).get("labels", {}) | {HASH: template_hash}
    selector = spec["selector"]
    match_labels = (selector.get("matchLabels") or {}) | {HASH: template_hash}
    return {
        "apiVersion": REPLICA_SET.api_version,
        "kind": REPLICA_SET.kind,
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{template_hash}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": marked,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": selector | {"matchLabels": match_labels},
            "template": template
            | {"metadata": (template.get("metadata") or {}) | {"labels": marked}},
        },
    }


def _replicas(entry: Object) -> Replicas:
    wanted = int(entry["spec"].get("replicas", 0))
    return Replicas(entry["metadata"]["name"], wanted, _count(entry, "availableReplicas"))


def _count(entry: Object, word: str = "replicas") -> int:
    return int((entry.get("status") or {}).get(word, 0))


def _revision(entry: Object) -> int:
    return int(annotations(entry).get(REVISION, "0"))
