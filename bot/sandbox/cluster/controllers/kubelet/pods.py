"""One pod: its containers together, and the status that tells of them."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping

from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet import node as machine
from bot.sandbox.cluster.controllers.kubelet.containers import Container
from bot.sandbox.cluster.controllers.kubelet.environment import PORTS_ANNOTATION
from bot.sandbox.cluster.controllers.kubelet.node import Node
from bot.sandbox.cluster.controllers.objects import (
    Kind,
    Object,
    key_of,
    timestamp,
    with_conditions,
)

POD = Kind("v1", "Pod")
LOOPBACK = "127.0.0.1"


class PodRunner:
    """Runs one pod for as long as it is wanted."""

    def __init__(self, kube: Kube, node: Node, pod: Object, on_change: Callable[[], None]) -> None:
        self._kube = kube
        self._voice = node.voice
        self._pod = pod
        self._started_at = timestamp()
        self._ports: dict[int, int] = {}
        self.init = self._containers(node, pod["spec"].get("initContainers") or [], on_change)
        self.containers = self._containers(node, pod["spec"]["containers"], on_change)
        self._restore_restarts()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End all containers, and wait until they are gone."""
        for name, container in self.containers.items():
            if container.state.is_running:
                self._voice.normal(
                    self._pod,
                    "Killing",
                    f"Stopping container {name}",
                    f"spec.containers{{{name}}}",
                )
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def faults_changed(self, *, is_crashing: bool) -> None:
        """Crash, or do not wait any longer to try again."""
        for container in self.containers.values():
            container.crash() if is_crashing else container.hurry()

    async def _run(self) -> None:
        for container in self.init.values():
            if not await container.run_to_completion():
                return
        async with asyncio.TaskGroup() as tasks:
            for container in self.containers.values():
                tasks.create_task(container.run())

    def _containers(
        self, node: Node, specs: list[Object], on_change: Callable[[], None]
    ) -> dict[str, Container]:
        return {
            spec["name"]: Container(
                node, self._pod, spec, on_change=on_change, on_ports=self._publish_ports
            )
            for spec in specs
        }

    def _restore_restarts(self) -> None:
        """Count on after this node was started again, as after a machine's reboot."""
        for status in (self._pod.get("status") or {}).get("containerStatuses") or []:
            if status["name"] in self.containers:
                was_running = "running" in (status.get("state") or {})
                restarts = status["restartCount"] + (1 if was_running else 0)
                self.containers[status["name"]].state.restarts = restarts

    async def _publish_ports(self, ports: Mapping[int, int]) -> None:
        self._ports |= ports
        text = json.dumps({str(declared): real for declared, real in self._ports.items()})
        change = {"metadata": {"annotations": {PORTS_ANNOTATION: text}}}
        await self._kube.patch(POD, key_of(self._pod), change)

    def status(self, live: Object) -> Object:
        """Build the status of the pod as it is now."""
        before = live.get("status") or {}
        is_ready = all(container.state.is_ready for container in self.containers.values())
        conditions = [
            _condition("PodScheduled", is_true=True),
            _condition("Initialized", is_true=self._is_initialized()),
            _condition("ContainersReady", is_true=is_ready, reason="ContainersNotReady"),
            _condition("Ready", is_true=is_ready, reason="ContainersNotReady"),
        ]
        return before | {
            "phase": self._phase(),
            "conditions": with_conditions(before.get("conditions") or [], conditions),
            "containerStatuses": [
                _container_status(name, container, self._pod)
                for name, container in self.containers.items()
            ],
            "hostIP": LOOPBACK,
            "hostIPs": [{"ip": LOOPBACK}],
            "podIP": LOOPBACK,
            "podIPs": [{"ip": LOOPBACK}],
            "startTime": before.get("startTime") or self._started_at,
        }

    def _is_initialized(self) -> bool:
        return all(container.state.exit_code == 0 for container in self.init.values())

    def _phase(self) -> str:
        codes = [container.state.exit_code for container in self.containers.values()]
        policy = self._pod["spec"].get("restartPolicy", "Always")
        if policy != "Always" and self._task.done():
            return "Succeeded" if all(code == 0 for code in codes) else "Failed"
        began = any(
            container.state.is_running or container.state.last
            for container in self.containers.values()
        )
        return "Running" if began else "Pending"


def _container_status(name: str, container: Container, pod: Object) -> Object:
    spec = next(spec for spec in pod["spec"]["containers"] if spec["name"] == name)
    state = container.state
    repository = re.sub(r":[^/:]*$", "", spec["image"].partition("@")[0])
    return {
        "name": name,
        "image": spec["image"],
        "imageID": f"{repository}@{state.image_id}" if state.image_id else "",
        "ready": state.is_ready,
        "started": state.is_started,
        "restartCount": state.restarts,
        "state": state.state,
        "lastState": state.last if state.restarts else {},
    } | ({"containerID": f"sandbox://{machine.NAME}/{name}"} if state.is_running else {})


def _condition(kind: str, *, is_true: bool, reason: str = "") -> Object:
    condition: Object = {"type": kind, "status": "True" if is_true else "False"}
    return condition if is_true or not reason else condition | {"reason": reason}
