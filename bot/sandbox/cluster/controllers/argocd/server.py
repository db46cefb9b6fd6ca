"""Start Argo CD: its controller, its repository server and its HTTP port."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox import serving
from bot.sandbox.cluster.controllers.argocd.controller import Applications
from bot.sandbox.cluster.controllers.argocd.rendering import Renderer
from bot.sandbox.cluster.controllers.argocd.repositories import Repositories
from bot.sandbox.cluster.controllers.argocd.targets import Targets
from bot.sandbox.cluster.controllers.argocd.web import NAMESPACE, SECRET, Web
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Kind
from bot.sandbox.faults import Faults, front

DEFINITION = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Options:
    """How one Argo CD is set up."""

    port: int
    state_dir: Path
    helm: Path
    faults: Faults
    poll_seconds: float = 30.0


@contextlib.asynccontextmanager
async def running(kube: Kube, informers: Informers, options: Options) -> AsyncIterator[int]:
    """Run Argo CD for as long as the context lasts; gives the port."""
    secrets = await informers.of(*SECRET)
    # Clones are made anew: a program that was killed leaves Git's locks behind.
    await asyncio.to_thread(shutil.rmtree, options.state_dir / "repositories", ignore_errors=True)
    repositories = Repositories(
        options.state_dir / "repositories",
        lambda: [obj for key, obj in secrets.objects.items() if key.namespace == NAMESPACE],
    )
    renderer = Renderer(options.helm, options.state_dir / "helm", kube)
    definitions = await informers.of(*DEFINITION)
    definitions.subscribe(lambda _old, _new: renderer.forget_capabilities())
    targets = Targets(repositories, renderer, kube)
    applications = Applications(kube, informers, targets, poll_seconds=options.poll_seconds)
    try:
        await applications.start()
        web = Web(kube, informers, applications)
        app = front(web.application(), "argocd", options.faults)
        async with serving.served(app, options.port) as port:
            yield port
    finally:
        await applications.close()
