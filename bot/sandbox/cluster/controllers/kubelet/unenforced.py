"""Kinds that this cluster keeps and does not enforce: whoever describes such an object is told."""

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.objects import Kind, Object

REASON = "NotEnforced"
UNENFORCED = {
    Kind("networking.k8s.io/v1", "NetworkPolicy"): "all processes of this machine reach each other",
    Kind("policy/v1", "PodDisruptionBudget"): "this cluster has one node, which is never drained",
}


class Unenforced:
    """Tells of each such object once."""

    def __init__(self, informers: Informers, voice: Voice) -> None:
        self._informers = informers
        self._voice = voice

    async def start(self) -> None:
        """Begin to watch."""
        for kind in UNENFORCED:
            (await self._informers.of(*kind)).subscribe(self._changed)

    async def close(self) -> None:
        """Nothing runs here that would have to end."""

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new and not old:
            kind = Kind(new["apiVersion"], new["kind"])
            self._voice.once(new, REASON, f"Kept, but not enforced: {UNENFORCED[kind]}")
