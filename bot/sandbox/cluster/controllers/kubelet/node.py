"""This machine as the one node of the cluster: what all its pods share."""

from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kubelet.images import Images
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, key_of
from bot.sandbox.faults import Faults
from bot.sandbox.faults.kinds import DegradedApplication

NAME = "sandbox"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Node:
    """What a container needs from its machine."""

    images: Images
    informers: Informers
    http: httpx.AsyncClient
    toolchain_bin: Path
    pods: Path
    logs: Path
    faults: Faults
    voice: Voice

    def lookup(self, namespace: str, kind: str, name: str) -> Object | None:
        """Find a ConfigMap or a Secret."""
        informer = self.informers.known(Kind("v1", kind))
        return informer.objects.get(Key(namespace, name)) if informer else None

    def is_crashing(self, namespace: str) -> bool:
        """Whether what runs in a namespace is to crash, for somebody wants to see that."""
        wanted = self.faults.now(DegradedApplication)
        return any(fault.application == namespace for fault in wanted)

    def log_of(self, pod: Object, container: str) -> Path:
        """Say where a container's output goes."""
        key = key_of(pod)
        return self.logs / key.namespace / key.name / f"{container}.log"

    def folder_of(self, pod: Object) -> Path:
        """Say where a pod has its notes and its temporary files."""
        return self.pods / str(pod["metadata"]["uid"])

    def path(self) -> str:
        """Give the programs that stand for those of the base images."""
        return f"{self.toolchain_bin}:{SYSTEM_PATH}"
