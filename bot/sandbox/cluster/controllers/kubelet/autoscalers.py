"""Autoscalers as in a cluster that measures no load: they keep a Deployment within their bounds, and say so."""

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet.deployments import DEPLOYMENT
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    is_deleting,
    key_of,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
# The reason with which a real one says that it does not scale by load, and that is no fault of the application.
DISABLED = "ScalingDisabled"
NO_METRICS = (
    "this cluster measures no load: the replicas are kept between minReplicas and maxReplicas"
)


class Autoscalers:
    """The HorizontalPodAutoscaler controller."""

    def __init__(self, kube: Kube, informers: Informers, voice: Voice) -> None:
        self._kube = kube
        self._informers = informers
        self._voice = voice
        self._scalers = Reconciler("kubelet/autoscaler", self._reconcile)

    async def start(self) -> None:
        """Begin to watch."""
        (await self._informers.of(*DEPLOYMENT)).subscribe(self._deployment_changed)
        (await self._informers.of(*AUTOSCALER)).subscribe(adding(self._scalers))

    async def close(self) -> None:
        """End all work."""
        await self._scalers.close()

    def _deployment_changed(self, old: Object | None, new: Object | None) -> None:
        changed = key_of(new or old or {"metadata": {}})
        informer = self._informers.known(AUTOSCALER)
        for key, scaler in (informer.objects if informer else {}).items():
            if Key(key.namespace, scaler["spec"]["scaleTargetRef"]["name"]) == changed:
                self._scalers.add(key)

    async def _reconcile(self, key: Key) -> float | None:
        scaler = (await self._informers.of(*AUTOSCALER)).objects.get(key)
        if not scaler or is_deleting(scaler):
            return None
        reference = scaler["spec"]["scaleTargetRef"]
        target = None
        if reference["kind"] == DEPLOYMENT.kind:
            place = Key(key.namespace, reference["name"])
            target = (await self._informers.of(*DEPLOYMENT)).objects.get(place)
        if target is None:
            await self._report(scaler, [_no_target(reference)])
            return None
        current = int(target["spec"].get("replicas", 1))
        wanted = bounded(scaler, current)
        if wanted != current:
            await self._kube.patch(DEPLOYMENT, key_of(target), {"spec": {"replicas": wanted}})
            self._voice.normal(scaler, "SuccessfulRescale", f"New size: {wanted}")
        self._voice.once(scaler, DISABLED, NO_METRICS)
        await self._report(scaler, _conditions(), current=current, wanted=wanted)
        return None

    async def _report(
        self, scaler: Object, conditions: list[Object], *, current: int = 0, wanted: int = 0
    ) -> None:
        before = scaler.get("status") or {}
        status = {
            "currentReplicas": current,
            "desiredReplicas": wanted,
            "conditions": with_conditions(before.get("conditions") or [], conditions),
            "observedGeneration": scaler["metadata"].get("generation", 0),
        }
        await self._kube.patch_status(scaler, before | status)


def bounded(scaler: Object, replicas: int) -> int:
    """Keep a number within the bounds; nothing at all stays nothing."""
    spec = scaler["spec"]
    if replicas == 0:
        return 0
    return max(int(spec.get("minReplicas", 1)), min(replicas, int(spec["maxReplicas"])))


def _conditions() -> list[Object]:
    able = {
        "type": "AbleToScale",
        "status": "True",
        "reason": "SucceededGetScale",
        "message": "the HPA controller was able to get the target's current scale",
    }
    active = {
        "type": "ScalingActive",
        "status": "False",
        "reason": DISABLED,
        "message": NO_METRICS,
    }
    return [able, active]


def _no_target(reference: Object) -> Object:
    name = f"{reference['kind'].lower()}s.apps {reference['name']!r}".replace("'", '"')
    return {
        "type": "AbleToScale",
        "status": "False",
        "reason": "FailedGetScale",
        "message": f"the HPA controller was unable to get the target's current scale: {name} not found",
    }
