"""One container: pulled, started, probed, and started again when it dies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox import serving
from bot.sandbox.cluster.controllers.kubelet import environment, probes, processes
from bot.sandbox.cluster.controllers.kubelet.environment import MissingReferenceError
from bot.sandbox.cluster.controllers.kubelet.images import Image, ImageError
from bot.sandbox.cluster.controllers.kubelet.node import Node
from bot.sandbox.cluster.controllers.kubelet.processes import Launch, RunningProcess
from bot.sandbox.cluster.controllers.objects import Object, timestamp

# Shorter than a real kubelet's 10 s to 5 min: nobody else's node suffers here.
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
SECONDS_UNTIL_FORGIVEN = 60.0
SECONDS_UNTIL_REFERENCE_RETRY = 1.0
CANNOT_RUN = 127
# Somebody who stops the sandbox waits for this.
LONGEST_GRACE = 5

OnChange = Callable[[], None]
# Makes known at which real ports the container's declared ones are found.
OnPorts = Callable[[Mapping[int, int]], Awaitable[None]]


@dataclass
class ContainerState:
    """What a kubelet knows about a container, as its status tells it."""

    state: Object = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Object = field(default_factory=dict)
    image_id: str = ""
    is_ready: bool = False
    is_started: bool = False
    restarts: int = 0

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """How it ended, if it has ended for good."""
        code: int | None = self.state.get("terminated", {}).get("exitCode")
        return code


class Container:
    """Keeps one container of one pod going, for as long as `run` is not cancelled."""

    def __init__(
        self, node: Node, pod: Object, spec: Object, *, on_change: OnChange, on_ports: OnPorts
    ) -> None:
        self._node = node
        self._pod = pod
        self._spec = spec
        self._on_change = on_change
        self._on_ports = on_ports
        self._failures = 0
        self._policy = pod["spec"].get("restartPolicy", "Always")
        self.state = ContainerState()
        self._tell = node.voice.about(pod, f"spec.containers{{{spec['name']}}}")
        self._process: RunningProcess | None = None
        self._hurried = asyncio.Event()

    def crash(self) -> None:
        """End the process as a crash would, if there is one."""
        if self._process:
            self._process.crash()

    def hurry(self) -> None:
        """Do not wait before the next start."""
        self._hurried.set()

    async def run_to_completion(self) -> bool:
        """Run as an init container does: until it succeeds, or once where the pod is never restarted."""
        self._policy = "OnFailure" if self._policy == "Always" else self._policy
        await self.run()
        return self.state.exit_code == 0

    async def run(self) -> None:
        """Run until it may end for good by the pod's restart policy."""
        while True:
            image = await self._pull()
            began = asyncio.get_running_loop().time()
            code = await self._run_once(image)
            if asyncio.get_running_loop().time() - began > SECONDS_UNTIL_FORGIVEN:
                self._failures = 0
            if self._may_end(code):
                return
            await self._back_off()
            self.state.restarts += 1

    async def _pull(self) -> Image:
        """Pull until it works; a registry may get the image later."""
        failures, name = 0, self._spec["image"]
        while True:
            self._tell.normal("Pulling", f'Pulling image "{name}"')
            try:
                image = await self._node.images.pull(name)
            except ImageError as error:
                failures += 1
                self._tell.warning("Failed", f'Failed to pull image "{name}": {error}')
                self._wait("ErrImagePull", str(error))
                await asyncio.sleep(0.5)
                self._tell.warning("BackOff", f'Back-off pulling image "{name}"')
                self._wait("ImagePullBackOff", f'Back-off pulling image "{name}": {error}')
                await asyncio.sleep(_backoff(failures))
            else:
                self._tell.normal("Pulled", f'Successfully pulled image "{name}"')
                self.state.image_id = image.digest
                return image

    async def _run_once(self, image: Image) -> int:
        ports = {
            entry["containerPort"]: serving.free_port() for entry in self._spec.get("ports") or []
        }
        launch = await self._prepare(image, ports)
        await self._on_ports(ports)
        started = timestamp()
        try:
            process = await processes.start(launch)
        except (OSError, IndexError) as error:
            _write(launch.log, f"cannot start {list(launch.command)}: {error}")
            self._tell.warning("Failed", f"Error: cannot start {list(launch.command)}: {error}")
            return self._ended(CANNOT_RUN, started, reason="StartError")
        self._tell.normal("Started", f"Started container {self._spec['name']}")
        self.state.state = {"running": {"startedAt": started}}
        if self._node.is_crashing(self._pod["metadata"]["namespace"]):
            _write(launch.log, "killed: a fault of the sandbox, degraded-application")
            process.crash()
            return self._ended(await process.wait(), started)
        self._process = process
        async with self._probed(process, launch, ports):
            code = await process.wait()
        self._process = None
        return self._ended(code, started)

    async def _prepare(self, image: Image, ports: Mapping[int, int]) -> Launch:
        """Put together what to start; wait for what is referred to and not there yet."""
        metadata, name = self._pod["metadata"], self._spec["name"]
        folder = self._node.folder_of(self._pod)
        scratch = folder / name
        scratch.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                found = environment.variables(
                    self._pod,
                    self._spec,
                    image,
                    ports,
                    lambda kind, wanted: self._node.lookup(metadata["namespace"], kind, wanted),
                )
                break
            except MissingReferenceError as error:
                self._tell.warning("Failed", f"Error: {error}")
                self._wait("CreateContainerConfigError", str(error))
                await asyncio.sleep(SECONDS_UNTIL_REFERENCE_RETRY)
        own = {"PATH": self._node.path(), "HOME": str(scratch), "TMPDIR": str(scratch)}
        return Launch(
            command=environment.command_line(self._spec, image, ports, found),
            environment=own | found,
            folder=environment.working_directory(self._spec, image),
            log=self._node.log_of(self._pod, name),
            note=folder / f"{name}.pid",
        )

    @contextlib.asynccontextmanager
    async def _probed(
        self, process: RunningProcess, launch: Launch, ports: Mapping[int, int]
    ) -> AsyncIterator[None]:
        """Probe while the process runs; whatever happens, it does not outlive this."""
        probing = asyncio.create_task(self._probe(process, launch, ports))
        try:
            yield
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
            await asyncio.shield(process.stop(self._grace()))

    async def _probe(
        self, process: RunningProcess, launch: Launch, ports: Mapping[int, int]
    ) -> None:
        asking = self._questions(launch, ports)
        if "startupProbe" in asking:
            probe = self._spec["startupProbe"]
            if not await probes.until_success(probe, asking["startupProbe"]):
                self._unhealthy("Startup")
                self._tell.normal("Killing", f"Container {self._spec['name']} failed startup probe")
                await process.stop(self._grace())
                return
        self.state.is_started = True
        self._on_change()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_readiness(asking.get("readinessProbe")))
            if "livenessProbe" in asking:
                tasks.create_task(self._watch_liveness(process, asking["livenessProbe"]))

    async def _watch_readiness(self, ask: probes.Ask | None) -> None:
        probe = self._spec.get("readinessProbe") or {}
        while True:
            if ask:
                endless = probe | {"failureThreshold": float("inf")}
                await probes.until_success(endless, ask)
            self._become(is_ready=True)
            if not ask:
                return
            await probes.until_failure(probe, ask)
            self._unhealthy("Readiness")
            self._become(is_ready=False)

    async def _watch_liveness(self, process: RunningProcess, ask: probes.Ask) -> None:
        probe = self._spec["livenessProbe"]
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        await probes.until_failure(probe, ask)
        self._unhealthy("Liveness")
        name = self._spec["name"]
        self._tell.normal("Killing", f"Container {name} failed liveness probe, will be restarted")
        await process.stop(self._grace())

    def _questions(self, launch: Launch, ports: Mapping[int, int]) -> dict[str, probes.Ask]:
        by_any_name: dict[int | str, int] = {}
        for entry in self._spec.get("ports") or []:
            declared = entry["containerPort"]
            by_any_name[declared] = by_any_name[entry.get("name", declared)] = ports[declared]

        async def run(command: list[str]) -> int:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=launch.folder,
                env=dict(launch.environment),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            return await process.wait()

        return {
            kind: probes.asker(self._spec[kind], http=self._node.http, ports=by_any_name, run=run)
            for kind in ("startupProbe", "readinessProbe", "livenessProbe")
            if self._spec.get(kind)
        }

    def _become(self, *, is_ready: bool) -> None:
        self.state.is_ready = is_ready
        self._on_change()

    def _ended(self, code: int, started: str, reason: str = "") -> int:
        terminated = {
            "exitCode": code,
            "reason": reason or ("Completed" if code == 0 else "Error"),
            "startedAt": started,
            "finishedAt": timestamp(),
        }
        self.state.state = {"terminated": terminated}
        self.state.last = {"terminated": terminated}
        self.state.is_started = False
        self._become(is_ready=False)
        return code

    def _may_end(self, code: int) -> bool:
        return self._policy == "Never" or (self._policy == "OnFailure" and code == 0)

    async def _back_off(self) -> None:
        self._failures += 1
        if self._failures > 1:
            seconds = _backoff(self._failures - 1)
            name = self._spec["name"]
            self._wait(
                "CrashLoopBackOff", f"back-off {seconds:.0f}s restarting failed container={name}"
            )
            pod = self._pod["metadata"]["name"]
            self._tell.warning(
                "BackOff", f"Back-off restarting failed container {name} in pod {pod}"
            )
            self._hurried.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), seconds)

    def _unhealthy(self, kind: str) -> None:
        self._tell.warning("Unhealthy", f"{kind} probe failed")

    def _wait(self, reason: str, message: str) -> None:
        self.state.state = {"waiting": {"reason": reason, "message": message}}
        self._on_change()

    def _grace(self) -> float:
        return float(min(self._pod["spec"].get("terminationGracePeriodSeconds", 30), LONGEST_GRACE))


def _write(log: Path, line: str) -> None:
    """Add the kubelet's own word to what the container says."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"{line}\n")


def _backoff(failures: int) -> float:
    return float(min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(failures - 1, 10)))
