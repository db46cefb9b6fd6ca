"""Compare what Git wants with what is live."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.cluster.controllers.argocd import manifests
from bot.sandbox.cluster.controllers.argocd.health import Health, HealthStatus, assess, worst
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import ApiError, Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    annotations,
    digest,
    is_deleting,
    key_of,
    kind_of,
    lasting,
)

MANAGER = "argocd-controller"


class SyncStatus(StrEnum):
    """Whether what is live is what Git wants."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Managed:
    """One object of an Application: wanted, live, or both."""

    kind: Kind
    key: Key
    target: Object | None
    live: Object | None
    is_synced: bool

    @property
    def health(self) -> Health | None:
        """How well it is; None for kinds without a health."""
        if self.live is None:
            return Health(HealthStatus.MISSING)
        return assess(self.live)

    @property
    def wave(self) -> int:
        """The sync wave that it belongs to."""
        return manifests.wave_of(self.target or self.live or {"metadata": {}})


@dataclass(frozen=True, slots=True)
class Comparison:
    """All objects of an Application."""

    resources: tuple[Managed, ...]

    @property
    def sync(self) -> SyncStatus:
        """One object out of sync is enough."""
        is_synced = all(resource.is_synced for resource in self.resources)
        return SyncStatus.SYNCED if is_synced else SyncStatus.OUT_OF_SYNC

    @property
    def health(self) -> HealthStatus:
        """The worst health among the wanted objects."""
        found = (managed.health for managed in self.resources if managed.target)
        return worst(health.status for health in found if health)


class Comparer:
    """Lets the API server say what applying would change, and remembers the answers."""

    def __init__(self, kube: Kube, informers: Informers) -> None:
        self._kube = kube
        self._informers = informers
        self._known: dict[tuple[str, str], bool] = {}

    async def compare(
        self, application: str, targets: Iterable[Object], kinds: Iterable[Kind]
    ) -> Comparison:
        """Compare all targets, and find what is marked as the Application's but no longer wanted.

        Args:
            application: the name that objects are marked with.
            targets: manifests, placed and marked.
            kinds: where to look for leftovers, besides the targets' own kinds.
        """
        wanted = list(targets)
        found = await asyncio.gather(*(self._one(target) for target in wanted))
        keys = {(managed.kind, managed.key) for managed in found}
        leftovers = []
        for kind in sorted({*kinds, *(kind_of(target) for target in wanted)}):
            leftovers += [
                Managed(kind, key_of(live), None, live, is_synced=False)
                for live in await self.tracked(application, kind)
                if (kind, key_of(live)) not in keys
            ]
        return Comparison((*found, *leftovers))

    async def tracked(self, application: str, kind: Kind) -> list[Object]:
        """Find the live objects of a kind that carry the Application's mark."""
        try:
            informer = await self._informers.of(*kind)
        except UnknownKindError:
            return []
        return [
            live
            for live in informer.objects.values()
            if annotations(live).get(manifests.TRACKING) == manifests.tracking_id(application, live)
        ]

    async def live(self, kind: Kind, key: Key) -> Object | None:
        """Look an object up; a kind that is not served has none."""
        try:
            return (await self._informers.of(*kind)).objects.get(key)
        except UnknownKindError:
            return None

    async def next_change(self) -> None:
        """Wait until something in the cluster changes."""
        await self._informers.next_change()

    async def _one(self, target: Object) -> Managed:
        kind, key = kind_of(target), key_of(target)
        live = await self.live(kind, key)
        is_synced = live is not None and await self._is_as_wanted(target, live)
        return Managed(kind, key, target, live, is_synced=is_synced)

    async def _is_as_wanted(self, target: Object, live: Object) -> bool:
        if is_deleting(live):
            return False
        question = (digest(target), live["metadata"]["uid"] + digest(lasting(live)))
        if question not in self._known:
            try:
                predicted = await self._kube.apply(target, manager=MANAGER, dry_run=True)
            except ApiError:
                # The sync itself will tell why it is refused.
                return False
            self._known[question] = lasting(predicted) == lasting(live)
        return self._known[question]
