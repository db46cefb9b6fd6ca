"""Reconcile one composite resource: observe, run the pipeline, apply, tidy up, report."""

import asyncio
import hashlib
from collections.abc import Mapping

from bot.sandbox.cluster.controllers.crossplane import functions
from bot.sandbox.cluster.controllers.crossplane.functions import FunctionError, Outcome
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import ApiError, Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    annotations,
    controller_of,
    digest,
    is_deleting,
    key_of,
    kind_of,
    lasting,
    owner_reference,
    with_conditions,
)

COMPOSITE_LABEL = "crossplane.io/composite"
NAME_ANNOTATION = "crossplane.io/composition-resource-name"
SECONDS_UNTIL_RETRY = 2.0


class Composites:
    """Remembers what was applied, so that a change of status alone makes no work."""

    def __init__(self, kube: Kube, informers: Informers) -> None:
        self._kube = kube
        self._informers = informers
        self._applied: dict[str, str] = {}

    async def reconcile(self, composite: Object, composition: Object) -> float | None:
        """Bring what the composite consists of to what its composition says; tell failures in `Synced`."""
        if is_deleting(composite):
            return None
        observed = await _observe(self._informers, composite)
        try:
            outcome = functions.run_pipeline(composition, composite, observed)
            wanted = {
                name: _owned(entry.manifest, name, composite)
                for name, entry in outcome.resources.items()
            }
            await _record(self._kube, composite, composition, list(wanted.values()))
            await asyncio.gather(
                *(self._apply(composite, obj, observed.get(name)) for name, obj in wanted.items())
            )
        except (FunctionError, ApiError, UnknownKindError) as error:
            await report_failure(self._kube, composite, str(error))
            return SECONDS_UNTIL_RETRY
        await _tidy(self._kube, observed, wanted)
        await _report(self._kube, composite, outcome.status, _conditions(composite, outcome))
        return None

    async def _apply(self, composite: Object, wanted: Object, observed: Object | None) -> None:
        uid = (observed or {"metadata": {}})["metadata"].get("uid", "")
        if uid and self._applied.get(uid) == _state(wanted, observed or {}):
            return
        if not observed:
            await _refuse_foreign(self._kube, composite, wanted)
        manager = f"apiextensions.crossplane.io/composed/{composite['metadata']['uid']}"
        written = await self._kube.apply(wanted, manager=manager)
        self._applied[written["metadata"]["uid"]] = _state(wanted, written)


def _state(wanted: Object, live: Object) -> str:
    return digest(wanted) + digest(lasting(live))


async def report_failure(kube: Kube, composite: Object, why: str) -> None:
    """Tell in `Synced` why nothing was brought about; what was made earlier keeps its state."""
    failure = _condition(composite, "Synced", "False", "ReconcileError", why)
    await _report(kube, composite, composite.get("status") or {}, [failure])


async def _observe(informers: Informers, composite: Object) -> dict[str, Object]:
    """Find what the composite has already, by the references that it keeps."""
    found = {}
    for reference in (composite["spec"].get("crossplane") or {}).get("resourceRefs", []):
        informer = await informers.of(reference["apiVersion"], reference["kind"])
        key = Key(reference.get("namespace", ""), reference["name"])
        obj = informer.objects.get(key)
        if obj and (controller_of(obj) or {}).get("uid") == composite["metadata"]["uid"]:
            found[annotations(obj)[NAME_ANNOTATION]] = obj
    return found


def _owned(manifest: Object, name: str, composite: Object) -> Object:
    metadata = manifest.get("metadata") or {}
    owner = composite["metadata"]["name"]
    digest = hashlib.sha256(f"{composite['metadata']['uid']}/{name}".encode()).hexdigest()[:12]
    return manifest | {
        "metadata": metadata
        | {
            "name": metadata.get("name") or f"{owner}-{digest}",
            "labels": (metadata.get("labels") or {}) | {COMPOSITE_LABEL: owner},
            "annotations": (metadata.get("annotations") or {}) | {NAME_ANNOTATION: name},
            "ownerReferences": [owner_reference(composite)],
        }
    }


async def _record(kube: Kube, composite: Object, composition: Object, wanted: list[Object]) -> None:
    """Note the references before anything is made, so that nothing made can be lost."""
    references = sorted((_reference(obj) for obj in wanted), key=lambda ref: sorted(ref.items()))
    machinery = {
        "compositionRef": {"name": composition["metadata"]["name"]},
        "resourceRefs": references,
    }
    now = composite["spec"].get("crossplane") or {}
    if {name: now.get(name) for name in machinery} != machinery:
        change = {"spec": {"crossplane": machinery}}
        await kube.patch(kind_of(composite), key_of(composite), change)


async def _refuse_foreign(kube: Kube, composite: Object, wanted: Object) -> None:
    existing = await kube.get(kind_of(wanted), key_of(wanted))
    owner = controller_of(existing) if existing else None
    if owner and owner["uid"] != composite["metadata"]["uid"]:
        raise FunctionError(
            f"cannot apply {wanted['kind']} {wanted['metadata']['name']}: "
            f"existing object is controlled by {owner['kind']} {owner['name']}"
        )


async def _tidy(kube: Kube, observed: Mapping[str, Object], wanted: Mapping[str, Object]) -> None:
    for name, obj in observed.items():
        kept = wanted.get(name)
        if not kept or _reference(kept) != _reference(obj):
            await kube.delete(kind_of(obj), key_of(obj), uid=obj["metadata"]["uid"])


async def _report(kube: Kube, composite: Object, status: Object, conditions: list[Object]) -> None:
    before = (composite.get("status") or {}).get("conditions") or []
    await kube.patch_status(composite, status | {"conditions": with_conditions(before, conditions)})


def _conditions(composite: Object, outcome: Outcome) -> list[Object]:
    unready = sorted(name for name, entry in outcome.resources.items() if not entry.is_ready)
    is_ready = outcome.is_ready if outcome.is_ready is not None else not unready
    message = f"Unready resources: {', '.join(unready)}" if unready else ""
    ready = (
        _condition(composite, "Ready", "True", "Available")
        if is_ready
        else _condition(composite, "Ready", "False", "Creating", message)
    )
    return [
        _condition(composite, "Synced", "True", "ReconcileSuccess"),
        ready,
        _condition(composite, "Responsive", "True", "WatchCircuitClosed"),
        *outcome.conditions,
    ]


def _condition(composite: Object, kind: str, status: str, reason: str, message: str = "") -> Object:
    condition = {
        "type": kind,
        "status": status,
        "reason": reason,
        "observedGeneration": composite["metadata"].get("generation", 0),
    }
    return condition | ({"message": message} if message else {})


def _reference(obj: Object) -> Object:
    key, kind = key_of(obj), Kind(obj["apiVersion"], obj["kind"])
    reference = {"apiVersion": kind.api_version, "kind": kind.kind, "name": key.name}
    return reference | ({"namespace": key.namespace} if key.namespace else {})
