"""ReplicaSets: as many pods of one template as wanted."""

import asyncio
import secrets

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import ApiError, Kube
from bot.sandbox.cluster.controllers.kubelet import node
from bot.sandbox.cluster.controllers.kubelet.pods import POD
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    condition_of,
    controller_of,
    is_deleting,
    key_of,
    owner_reference,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

REPLICA_SET = Kind("apps/v1", "ReplicaSet")
FINISHED = {"Succeeded", "Failed"}
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
SECONDS_UNTIL_RETRY = 2.0


class ReplicaSets:
    """The ReplicaSet controller."""

    def __init__(self, kube: Kube, informers: Informers, voice: Voice) -> None:
        self._kube = kube
        self._voice = voice
        self._informers = informers
        self._sets = Reconciler("kubelet/replicaset", self._reconcile)

    async def start(self) -> None:
        """Begin to watch."""
        (await self._informers.of(*POD)).subscribe(self._pod_changed)
        (await self._informers.of(*REPLICA_SET)).subscribe(adding(self._sets))

    async def close(self) -> None:
        """End all work."""
        await self._sets.close()

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        pod = new or old or {"metadata": {}}
        owner = controller_of(pod)
        if owner and owner["kind"] == REPLICA_SET.kind:
            self._sets.add(Key(pod["metadata"]["namespace"], owner["name"]))

    async def _reconcile(self, key: Key) -> float | None:
        replica_set = (await self._informers.of(*REPLICA_SET)).objects.get(key)
        if not replica_set or is_deleting(replica_set):
            return None
        pods = await self._pods_of(replica_set)
        missing = replica_set["spec"].get("replicas", 1) - len(pods)
        refusal = await self._add(replica_set, missing) if missing > 0 else ""
        if missing < 0:
            surplus = sorted(pods, key=_worth)[:-missing]
            await asyncio.gather(*(self._kube.delete(POD, key_of(pod)) for pod in surplus))
            for pod in surplus:
                name = pod["metadata"]["name"]
                self._voice.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {name}")
        await self._report(replica_set, pods, refusal)
        return SECONDS_UNTIL_RETRY if refusal else None

    async def _pods_of(self, replica_set: Object) -> list[Object]:
        uid = replica_set["metadata"]["uid"]
        return [
            pod
            for pod in (await self._informers.of(*POD)).objects.values()
            if (controller_of(pod) or {}).get("uid") == uid
            and not is_deleting(pod)
            and (pod.get("status") or {}).get("phase") not in FINISHED
        ]

    async def _add(self, replica_set: Object, count: int) -> str:
        """Create pods; gives back why that was refused, if it was."""
        try:
            made = await asyncio.gather(
                *(self._kube.create(_pod_of(replica_set)) for _ in range(count))
            )
        except ApiError as error:
            self._voice.warning(replica_set, "FailedCreate", f"Error creating: {error}")
            return str(error)
        for pod in made:
            name = pod["metadata"]["name"]
            self._voice.normal(replica_set, "SuccessfulCreate", f"Created pod: {name}")
        return ""

    async def _report(self, replica_set: Object, pods: list[Object], refusal: str) -> None:
        ready = sum(is_ready(pod) for pod in pods)
        before = replica_set.get("status") or {}
        conditions = [c for c in before.get("conditions") or [] if c["type"] != "ReplicaFailure"]
        if refusal:
            failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
            conditions = with_conditions(
                before.get("conditions") or [], [failure | {"message": refusal}]
            )
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        await self._kube.patch_status(replica_set, before | counts | {"conditions": conditions})


def is_ready(pod: Object) -> bool:
    """Whether the pod may be sent requests."""
    return bool(condition_of(pod, "Ready").get("status") == "True") and not is_deleting(pod)


def _worth(pod: Object) -> tuple[bool, str]:
    """Order pods by who goes first: the one that is not ready, then the oldest."""
    return is_ready(pod), pod["metadata"]["creationTimestamp"]


def _pod_of(replica_set: Object) -> Object:
    template = replica_set["spec"]["template"]
    suffix = "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(5))
    name = f"{replica_set['metadata']['name']}-{suffix}"
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": (template.get("metadata") or {})
        | {
            "name": name,
            "namespace": replica_set["metadata"]["namespace"],
            "ownerReferences": [owner_reference(replica_set)],
        },
        # There is one node: a scheduler would have nothing to choose.
        "spec": template["spec"] | {"nodeName": node.NAME},
    }
