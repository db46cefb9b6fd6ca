"""The addresses behind a Service: ready pods that its selector chooses, in turn."""

import itertools
import random
from collections.abc import Iterable

from bot.sandbox.cluster.controllers.gateway.routes import Backend
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kubelet.environment import resolve_port
from bot.sandbox.cluster.controllers.kubelet.replicasets import is_ready
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, matches

SERVICE, POD = Kind("v1", "Service"), Kind("v1", "Pod")


class Endpoints:
    """Chooses an address for each request."""

    def __init__(self, informers: Informers) -> None:
        self._informers = informers
        self._turn = itertools.count()

    def choose(self, backends: Iterable[Backend]) -> int | None:
        """Give a port on this machine; None while no pod is ready."""
        weighted = [backend for backend in backends if backend.weight]
        if not weighted:
            return None
        weights = [backend.weight for backend in weighted]
        chosen = random.choices(weighted, weights)[0]  # noqa: S311 - it spreads load, it guards nothing
        ports = self.ports_of(chosen)
        return ports[next(self._turn) % len(ports)] if ports else None

    def ports_of(self, backend: Backend) -> list[int]:
        """List the real ports of all ready pods behind a Service's port."""
        service = self._objects(SERVICE).get(backend.service)
        entries = service["spec"].get("ports") or [] if service else []
        entry = next((e for e in entries if e["port"] == backend.port), None)
        if not service or not entry:
            return []
        found = [
            resolve_port(pod, entry.get("targetPort") or entry["port"])
            for key, pod in sorted(self._objects(POD).items())
            if key.namespace == backend.service.namespace
            and matches(service["spec"].get("selector") or {}, pod)
            and is_ready(pod)
        ]
        return [port for port in found if port]

    def _objects(self, kind: Kind) -> dict[Key, Object]:
        informer = self._informers.known(kind)
        return informer.objects if informer else {}
