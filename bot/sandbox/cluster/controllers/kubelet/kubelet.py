"""The kubelet: gives every pod to this node, runs it, reports on it, and ends it when it is deleted."""

import asyncio
import shutil

from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet import node as machine
from bot.sandbox.cluster.controllers.kubelet import processes
from bot.sandbox.cluster.controllers.kubelet.node import Node
from bot.sandbox.cluster.controllers.kubelet.pods import POD, PodRunner
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, is_deleting, timestamp
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

NODE = Kind("v1", "Node")
MANAGER = "kubelet"
FINISHED = {"Succeeded", "Failed"}


class Kubelet:
    """Runs all pods of the cluster on this machine."""

    def __init__(self, kube: Kube, informers: Informers, node: Node) -> None:
        self._kube = kube
        self._informers = informers
        self._node = node
        self._pods = Reconciler("kubelet/pod", self._reconcile)
        self._runners: dict[Key, tuple[str, PodRunner]] = {}

    async def start(self) -> None:
        """Clear up after a run that was killed, then begin to watch."""
        await processes.kill_leftovers(self._node.pods)
        await asyncio.to_thread(shutil.rmtree, self._node.pods, ignore_errors=True)
        await self._register()
        for kind in ("ConfigMap", "Secret"):
            await self._informers.of("v1", kind)
        (await self._informers.of(*POD)).subscribe(adding(self._pods))
        self._node.faults.follow(self._faults_changed)

    def _faults_changed(self) -> None:
        for key, (_, runner) in self._runners.items():
            runner.faults_changed(is_crashing=self._node.is_crashing(key.namespace))

    async def close(self) -> None:
        """Stop all processes; the pods stay, and run again at the next start."""
        self._node.faults.unfollow(self._faults_changed)
        await self._pods.close()
        await asyncio.gather(*(runner.stop() for _, runner in self._runners.values()))

    async def _register(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": machine.NAME}}
        made = await self._kube.apply(node, manager=MANAGER)
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": timestamp(),
            "lastTransitionTime": timestamp(),
        }
        addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
        await self._kube.patch_status(made, {"conditions": [ready], "addresses": addresses})

    async def _reconcile(self, key: Key) -> float | None:
        pod = (await self._informers.of(*POD)).objects.get(key)
        uid, runner = self._runners.get(key, ("", None))
        if runner and (not pod or is_deleting(pod) or pod["metadata"]["uid"] != uid):
            await runner.stop()
            del self._runners[key]
            runner = None
        if not pod:
            await self._forget(key)
            return None
        if is_deleting(pod):
            await self._kube.delete(POD, key, uid=pod["metadata"]["uid"], grace=0)
            return None
        if not runner and (pod.get("status") or {}).get("phase") not in FINISHED:
            runner = await self._begin(key, pod)
        if runner:
            await self._kube.patch_status(pod, runner.status(pod))
        return None

    async def _begin(self, key: Key, pod: Object) -> PodRunner:
        if pod["spec"].get("nodeName") != machine.NAME:
            pod = await self._kube.patch(POD, key, {"spec": {"nodeName": machine.NAME}})
        place = f"{key.namespace}/{key.name} to {machine.NAME}"
        if not (pod.get("status") or {}).get("startTime"):
            self._node.voice.normal(pod, "Scheduled", f"Successfully assigned {place}")
        runner = PodRunner(self._kube, self._node, pod, lambda: self._pods.add(key))
        self._runners[key] = (pod["metadata"]["uid"], runner)
        return runner

    async def _forget(self, key: Key) -> None:
        """Remove what is left of a pod that is gone: its log stays as long as it does."""
        folder = self._node.logs / key.namespace / key.name
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
