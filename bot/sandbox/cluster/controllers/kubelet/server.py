"""Start the workload controllers and the kubelet."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.sandbox.cluster.controllers import events
from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet.autoscalers import Autoscalers
from bot.sandbox.cluster.controllers.kubelet.deployments import Deployments
from bot.sandbox.cluster.controllers.kubelet.images import Images, RegistryCredentials
from bot.sandbox.cluster.controllers.kubelet.jobs import Jobs
from bot.sandbox.cluster.controllers.kubelet.kubelet import Kubelet
from bot.sandbox.cluster.controllers.kubelet.node import Node
from bot.sandbox.cluster.controllers.kubelet.replicasets import ReplicaSets
from bot.sandbox.cluster.controllers.kubelet.unenforced import Unenforced
from bot.sandbox.faults import Faults


@dataclass(frozen=True, slots=True)
class Options:
    """How the node is set up."""

    state_dir: Path
    logs: Path
    toolchain_bin: Path
    registry: RegistryCredentials | None
    faults: Faults


@contextlib.asynccontextmanager
async def running(kube: Kube, informers: Informers, options: Options) -> AsyncIterator[None]:
    """Run workloads for as long as the context lasts."""
    images = Images(options.state_dir / "images", options.registry)
    # Certificates of pods are not checked by a kubelet either.
    async with (
        httpx.AsyncClient(verify=False, trust_env=False) as http,  # noqa: S501 - see above
        events.recording(kube) as recorder,
    ):
        node = Node(
            images=images,
            informers=informers,
            http=http,
            toolchain_bin=options.toolchain_bin,
            pods=options.state_dir / "pods",
            logs=options.logs,
            faults=options.faults,
            voice=Voice(recorder, "kubelet"),
        )
        deployments = Deployments(
            kube, informers, options.faults, Voice(recorder, "deployment-controller")
        )
        sets = ReplicaSets(kube, informers, Voice(recorder, "replicaset-controller"))
        kubelet = Kubelet(kube, informers, node)
        jobs = Jobs(kube, informers, Voice(recorder, "job-controller"))
        scalers = Autoscalers(kube, informers, Voice(recorder, "horizontal-pod-autoscaler"))
        unenforced = Unenforced(informers, Voice(recorder, "sandbox"))
        controllers = (scalers, unenforced, jobs, deployments, sets, kubelet)
        try:
            for controller in reversed(controllers):
                await controller.start()
            yield
        finally:
            for controller in controllers:
                await controller.close()
            await images.close()
