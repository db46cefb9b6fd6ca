"""Watch definitions, compositions, functions and composites, and start the work that each change asks for."""

import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from bot.sandbox.cluster.controllers.crossplane import composites, definitions
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    condition_of,
    controller_of,
    key_of,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

XRD = Kind("apiextensions.crossplane.io/v2", "CompositeResourceDefinition")
COMPOSITION = Kind("apiextensions.crossplane.io/v1", "Composition")
FUNCTION = Kind("pkg.crossplane.io/v1", "Function")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")

MANAGER = "apiextensions.crossplane.io/xrd"
RUNNABLE_FUNCTION = "function-python"
SECONDS_UNTIL_RETRY = 0.1


class CompositeKey(NamedTuple):
    """One composite resource, of whatever kind its definition made."""

    kind: Kind
    key: Key


class Crossplane:
    """Crossplane's core controllers."""

    def __init__(self, kube: Kube, informers: Informers) -> None:
        self._kube = kube
        self._informers = informers
        self._definitions = Reconciler("crossplane/definition", self._establish)
        self._functions = Reconciler("crossplane/function", self._install)
        self._composites = Reconciler("crossplane/composite", self._compose)
        self._reconciling = composites.Composites(kube, informers)
        self._watched: set[Kind] = set()
        self._composed_kinds: set[Kind] = set()

    async def start(self) -> None:
        """Begin to watch."""
        (await self._informers.of(*XRD)).subscribe(adding(self._definitions))
        (await self._informers.of(*FUNCTION)).subscribe(adding(self._functions))
        (await self._informers.of(*COMPOSITION)).subscribe(self._composition_changed)
        (await self._informers.of(*CRD)).subscribe(adding(self._definitions))

    async def close(self) -> None:
        """End all work."""
        for reconciler in (self._definitions, self._functions, self._composites):
            await reconciler.close()

    async def _establish(self, key: Key) -> float | None:
        """Serve the kind that a definition describes; the CRD has the definition's name."""
        xrd = (await self._informers.of(*XRD)).objects.get(key)
        if not xrd or "deletionTimestamp" in xrd["metadata"]:
            return None
        crd = await self._kube.apply(definitions.custom_resource_definition(xrd), manager=MANAGER)
        if condition_of(crd, "Established").get("status") != "True":
            return SECONDS_UNTIL_RETRY
        await self._watch_composites(xrd)
        await self._report_established(xrd)
        return None

    async def _watch_composites(self, xrd: Object) -> None:
        kind = _composite_kind(xrd)
        if kind in self._watched:
            return
        informer = await self._informers.of(*kind)
        self._watched.add(kind)
        informer.subscribe(
            lambda old, new: self._composites.add(CompositeKey(kind, key_of(new or old or {})))
        )

    async def _report_established(self, xrd: Object) -> None:
        kind = _composite_kind(xrd)
        before = xrd.get("status") or {}
        established = {
            "type": "Established",
            "status": "True",
            "reason": "WatchingCompositeResource",
            "observedGeneration": xrd["metadata"]["generation"],
        }
        conditions = with_conditions(before.get("conditions") or [], [established])
        controllers = {"compositeResourceType": {"apiVersion": kind.api_version, "kind": kind.kind}}
        await self._kube.patch_status(
            xrd, before | {"conditions": conditions, "controllers": controllers}
        )

    async def _install(self, key: Key) -> float | None:
        """Say honestly which function packages can be run here: those whose input is a Python script."""
        function = (await self._informers.of(*FUNCTION)).objects.get(key)
        if not function:
            return None
        package = function["spec"]["package"]
        repository = package.partition("@")[0].rpartition("/")[2].partition(":")[0]
        is_runnable = repository == RUNNABLE_FUNCTION
        healthy = {
            "type": "Healthy",
            "status": "True" if is_runnable else "False",
            "reason": "HealthyPackageRevision" if is_runnable else "UnhealthyPackageRevision",
        }
        if not is_runnable:
            healthy["message"] = f"the sandbox runs {RUNNABLE_FUNCTION}, not {repository}"
        installed = {"type": "Installed", "status": "True", "reason": "ActivePackageRevision"}
        before = function.get("status") or {}
        conditions = with_conditions(before.get("conditions") or [], [installed, healthy])
        await self._kube.patch_status(function, before | {"conditions": conditions})
        return None

    async def _compose(self, wanted: CompositeKey) -> float | None:
        informer = await self._informers.of(*wanted.kind)
        composite = informer.objects.get(wanted.key)
        if not composite:
            return None
        composition = await self._composition_for(composite, wanted.kind)
        if not composition:
            await composites.report_failure(self._kube, composite, "cannot select a Composition")
            return None
        again = await self._reconciling.reconcile(composite, composition)
        await self._watch_composed(informer.objects.get(wanted.key) or composite)
        return again

    async def _composition_for(self, composite: Object, kind: Kind) -> Object | None:
        """Choose as Crossplane does: the composite's own reference, the definition's default, any that fits."""
        compositions = await self._informers.of(*COMPOSITION)
        chosen = (composite["spec"].get("crossplane") or {}).get("compositionRef")
        if not chosen:
            xrds = (await self._informers.of(*XRD)).objects.values()
            xrd = next((xrd for xrd in xrds if _composite_kind(xrd) == kind), None)
            chosen = xrd["spec"].get("defaultCompositionRef") if xrd else None
        if chosen:
            return compositions.objects.get(Key("", chosen["name"]))
        fitting = (c for c in compositions.objects.values() if _composes(c) == kind)
        return next(fitting, None)

    async def _watch_composed(self, composite: Object) -> None:
        for reference in (composite["spec"].get("crossplane") or {}).get("resourceRefs", []):
            kind = Kind(reference["apiVersion"], reference["kind"])
            if kind not in self._composed_kinds:
                self._composed_kinds.add(kind)
                (await self._informers.of(*kind)).subscribe(self._composed_changed)

    def _composed_changed(self, old: Object | None, new: Object | None) -> None:
        owner = controller_of(new or old or {"metadata": {}})
        if not owner:
            return
        kind = Kind(owner["apiVersion"], owner["kind"])
        if kind in self._watched:
            informer = self._informers.known(kind)
            owners = informer.objects if informer else {}
            for key, composite in owners.items():
                if composite["metadata"]["uid"] == owner["uid"]:
                    self._composites.add(CompositeKey(kind, key))

    def _composition_changed(self, old: Object | None, new: Object | None) -> None:
        kind = _composes(new or old or {})
        informer = self._informers.known(kind)
        for key in informer.objects if informer else ():
            self._composites.add(CompositeKey(kind, key))


@contextlib.asynccontextmanager
async def running(kube: Kube, informers: Informers) -> AsyncIterator[None]:
    """Run Crossplane for as long as the context lasts."""
    crossplane = Crossplane(kube, informers)
    try:
        await crossplane.start()
        yield
    finally:
        await crossplane.close()


def _composite_kind(xrd: Object) -> Kind:
    spec = xrd["spec"]
    version = next(v["name"] for v in spec["versions"] if v["referenceable"])
    return Kind(f"{spec['group']}/{version}", spec["names"]["kind"])


def _composes(composition: Object) -> Kind:
    reference = composition["spec"]["compositeTypeRef"]
    return Kind(reference["apiVersion"], reference["kind"])
