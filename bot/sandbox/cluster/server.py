"""Start the whole cluster: its API server, its controllers, and what a platform team would have installed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.sandbox import binaries
from bot.sandbox.cluster import api, platform
from bot.sandbox.cluster.controllers import informers as informing
from bot.sandbox.cluster.controllers.argocd import server as argocd
from bot.sandbox.cluster.controllers.crossplane import controller as crossplane
from bot.sandbox.cluster.controllers.gateway import controller as gateway
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.kubelet import processes
from bot.sandbox.cluster.controllers.kubelet import server as kubelet
from bot.sandbox.cluster.controllers.kubelet.images import RegistryCredentials
from bot.sandbox.cluster.platform import GitCredentials
from bot.sandbox.faults import Faults

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster."""

    url: str
    kubeconfig: Path
    admin_kubeconfig: Path
    argocd_url: str
    http: str
    https: str
    ca: Path
    _kube: Kube = field(repr=False)
    _gitlab_url: str = field(repr=False)

    async def install_root_applications(self, compositions: str, user_apps: str) -> None:
        """Let the cluster's content come from two repositories; a second call changes nothing."""
        parts = urlsplit(user_apps)
        await platform.install_root_applications(
            self._kube,
            compositions=compositions,
            user_apps=user_apps,
            gitlab_url=self._gitlab_url.rstrip("/") or f"{parts.scheme}://{parts.netloc}",
        )


@contextlib.asynccontextmanager
async def serve(  # noqa: PLR0913 - four doors, and what lies behind each
    *,
    port: int,
    argocd_port: int,
    http_port: int,
    https_port: int,
    state_dir: Path,
    git_credentials: GitCredentials | None = None,
    registry_credentials: RegistryCredentials | None = None,
    toolchain_bin: Path,
    faults: Faults | None = None,
) -> AsyncIterator[Cluster]:
    """Run the cluster whose state lies in the folder, for as long as the context lasts.

    Args:
        port: of the Kubernetes API; here and below 0 takes a free one.
        argocd_port: of Argo CD's webhook and pages.
        http_port: of the gateway.
        https_port: of the gateway.
        state_dir: keeps the objects, clones, images and certificates.
        git_credentials: with which Argo CD reads repositories.
        registry_credentials: with which the node pulls images.
        toolchain_bin: holds the programs that stand for those of the images' bases.
        faults: what may go wrong; without it this cluster has a store of its own.

    Raises:
        OSError: a port is taken.
        BinaryMissing: there is no Helm for this machine.
    """
    helm = await asyncio.to_thread(binaries.helm)
    faults = faults or Faults()
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        described = await enter(api.serve(port=port, state_dir=state_dir / "api", faults=faults))
        kube = Kube(described.url, described.admin_token, described.ca, headers=api.OWN_HEADERS)
        stack.push_async_callback(kube.close)
        informers = await enter(informing.informed(kube))
        node = kubelet.Options(
            state_dir / "node", described.logs, toolchain_bin, registry_credentials, faults
        )
        await enter(kubelet.running(kube, informers, node))
        await enter(crossplane.running(kube, informers))
        doors = gateway.Options(http_port, https_port, state_dir / "gateway")
        listening = await enter(gateway.running(kube, informers, doors))
        await platform.install(kube, git_credentials)
        repositories = argocd.Options(argocd_port, state_dir / "argocd", helm, faults)
        bound = await enter(argocd.running(kube, informers, repositories))
        admin, bot = await asyncio.to_thread(_kubeconfigs, described.kubeconfig)
        yield Cluster(
            url=described.url,
            kubeconfig=bot,
            admin_kubeconfig=admin,
            argocd_url=f"http://{LOOPBACK}:{bound}",
            http=f"http://localhost:{listening.http}",
            https=f"https://localhost:{listening.https}",
            ca=listening.ca,
            _kube=kube,
            _gitlab_url=git_credentials.url_prefix if git_credentials else "",
        )


async def end_applications(state_dir: Path) -> None:
    """End what a cluster that was killed has left running, before its state is removed with the notes of it."""
    await processes.kill_leftovers(state_dir / "node")


def _kubeconfigs(both: Path) -> tuple[Path, Path]:
    """Give the administrator's file, and one beside it in which the bot is at work."""
    config = json.loads(both.read_text())
    bot = config["contexts"][-1]
    config |= {
        "current-context": bot["name"],
        "contexts": [bot],
        "users": [user for user in config["users"] if user["name"] == bot["context"]["user"]],
    }
    path, fresh = both.with_name("kubeconfig-bot"), both.with_name("kubeconfig-bot.new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(config, indent=2))
    fresh.replace(path)
    return both, path
