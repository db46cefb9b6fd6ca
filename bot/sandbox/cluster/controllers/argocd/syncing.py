"""One attempt to sync: apply wave by wave, wait for each wave to be healthy, prune in reverse."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import groupby

import httpx

from bot.sandbox.cluster.controllers.argocd import manifests, projects
from bot.sandbox.cluster.controllers.argocd.comparison import MANAGER, Comparer, Comparison, Managed
from bot.sandbox.cluster.controllers.argocd.health import HealthStatus, assess
from bot.sandbox.cluster.controllers.kube import ApiError, Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import Kind, Object, annotations

OPTIONS = "argocd.argoproj.io/sync-options"
Progress = Callable[[list[Object]], Awaitable[None]]


class SyncFailed(Exception):
    """Something could not be applied; `results` holds every object's own message."""


@dataclass
class Attempt:
    """One try of one operation."""

    kube: Kube
    comparer: Comparer
    project: Object
    comparison: Comparison
    prune: bool
    on_progress: Progress
    results: list[Object] = field(default_factory=list)

    async def run(self) -> None:
        """Bring everything wanted into the cluster, and take away what is no longer wanted.

        Raises:
            SyncFailed: with the first refusals in the message.
        """
        wanted = sorted(
            (m for m in self.comparison.resources if m.target),
            key=lambda managed: manifests.order_of(managed.target or {}),
        )
        waves = [list(wave) for _, wave in groupby(wanted, key=lambda managed: managed.wave)]
        for number, wave in enumerate(waves):
            await self._apply_wave(wave)
            if number < len(waves) - 1:
                await self._until_healthy(wave)
        await self._prune_all()

    async def _apply_wave(self, wave: list[Managed]) -> None:
        failures = []
        # One kind after the other: what stands on a kind of the same wave finds it there.
        for _, batch in groupby(wave, key=lambda managed: managed.kind):
            outcomes = await asyncio.gather(*(self._apply(managed) for managed in batch))
            failures += [outcome for outcome in outcomes if outcome]
        await self.on_progress(self.results)
        if failures:
            reason = "; ".join(failures[:3])
            raise SyncFailed(f"one or more objects failed to apply, reason: {reason}")

    async def _apply(self, managed: Managed) -> str | None:
        """Apply one object; gives back why that failed, if it did."""
        target = managed.target or {}
        try:
            resource = await self.kube.resource(managed.kind)
            self._refuse_forbidden(managed, is_namespaced=resource.is_namespaced)
            await self.kube.apply(target, manager=MANAGER)
        except (ApiError, UnknownKindError, SyncFailed, httpx.HTTPError) as error:
            self._note(managed, "SyncFailed", str(error))
            return str(error)
        message = f"{resource.plural}{_dotted(managed.kind)}/{managed.key.name} serverside-applied"
        self._note(managed, "Synced", message)
        return None

    def _refuse_forbidden(self, managed: Managed, *, is_namespaced: bool) -> None:
        name = self.project["metadata"]["name"]
        kind = managed.kind
        if not projects.permits_kind(self.project, kind, is_namespaced=is_namespaced):
            raise SyncFailed(
                f"resource {kind.group}:{kind.kind} is not permitted in project {name}"
            )
        namespace = managed.key.namespace
        if is_namespaced and not projects.permits_destination(self.project, namespace):
            raise SyncFailed(f"namespace {namespace} is not permitted in project '{name}'")

    async def _until_healthy(self, wave: list[Managed]) -> None:
        """Wait for a wave: the next one may stand on it."""
        for managed in wave:
            while True:
                live = await self.comparer.live(managed.kind, managed.key)
                health = assess(live) if live else None
                if health and health.status is HealthStatus.DEGRADED:
                    raise SyncFailed(f"{managed.kind.kind} {managed.key.name}: {health.message}")
                if live and (not health or health.status is HealthStatus.HEALTHY):
                    break
                await self.comparer.next_change()

    async def _prune_all(self) -> None:
        gone = [managed for managed in self.comparison.resources if not managed.target]
        if not self.prune:
            for managed in gone:
                self._note(managed, "PruneSkipped", "ignored (requires pruning)")
            return
        gone.sort(key=lambda managed: manifests.order_of(managed.live or {}), reverse=True)
        for _, wave in groupby(gone, key=lambda managed: managed.wave):
            await self._prune_wave(list(wave))

    async def _prune_wave(self, wave: list[Managed]) -> None:
        kept = [m for m in wave if "Prune=false" in annotations(m.live or {}).get(OPTIONS, "")]
        for managed in kept:
            self._note(managed, "PruneSkipped", "ignored (no prune)")
        going = [managed for managed in wave if managed not in kept]
        for managed in going:
            await self.kube.delete(managed.kind, managed.key)
            self._note(managed, "Pruned", "pruned")
        await self.on_progress(self.results)
        for managed in going:
            while await self.comparer.live(managed.kind, managed.key):
                await self.comparer.next_change()

    def _note(self, managed: Managed, status: str, message: str) -> None:
        entry = {
            "group": managed.kind.group,
            "version": managed.kind.version,
            "kind": managed.kind.kind,
            "namespace": managed.key.namespace,
            "name": managed.key.name,
            "status": status,
            "message": message,
            "hookPhase": "Failed" if status == "SyncFailed" else "Running",
            "syncPhase": "Sync",
        }
        self.results.append(entry)


def _dotted(kind: Kind) -> str:
    return f".{kind.group}" if kind.group else ""
