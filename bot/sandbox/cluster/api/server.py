"""Start and stop the API server on its state folder."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.types import Scope

from bot.sandbox import serving
from bot.sandbox.cluster.api import builtin, certificates, collector, edge, identity, quotas, seed
from bot.sandbox.cluster.api.certificates import Certificates
from bot.sandbox.cluster.api.cluster import Cluster
from bot.sandbox.cluster.api.resources import Registry
from bot.sandbox.cluster.api.store import Store
from bot.sandbox.cluster.api.watching import Watches
from bot.sandbox.faults import Faults, front

_KEY_BYTES = 32
OWN_HEADERS: Mapping[str, str] = MappingProxyType({"x-sandbox-client": "controllers"})
"""By which the controllers of this cluster are known."""


@dataclass(frozen=True, slots=True)
class ClusterApi:
    """Where the cluster is, and who may do what there.

    The kubelet writes container logs to `<logs>/<namespace>/<pod>/<container>.log`.
    """

    url: str
    ca: Path
    admin_token: str
    bot_token: str
    kubeconfig: Path
    logs: Path


@contextlib.asynccontextmanager
async def serve(
    *, port: int, state_dir: Path, faults: Faults | None = None
) -> AsyncIterator[ClusterApi]:
    """Serve the cluster whose state lies in the folder, for as long as the context lasts.

    Raises:
        OSError: the port is taken.
    """
    cluster, files = _opened(state_dir, faults or Faults())
    watches = Watches()
    edged = front(
        edge.application(cluster, watches), "cluster", cluster.faults, exposed=_is_from_outside
    )
    loading = asyncio.create_task(asyncio.to_thread(builtin.load_schemas))
    try:
        async with (
            collector.collecting(cluster),
            serving.served(edged, port, certificate=(files.chain, files.key)) as bound,
        ):
            try:
                yield _described(cluster, f"https://127.0.0.1:{bound}", files, state_dir)
            finally:
                watches.close()
    finally:
        await loading
        cluster.store.close()


def _opened(state_dir: Path, faults: Faults) -> tuple[Cluster, Certificates]:
    logs = state_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    store = Store(state_dir / "cluster.sqlite")
    cluster = Cluster(store, Registry(builtin.RESOURCES), logs, _key(state_dir), faults)
    seed.follow(cluster)
    quotas.follow(cluster)
    seed.seed(cluster)
    return cluster, certificates.in_folder(state_dir)


def _is_from_outside(scope: Scope) -> bool:
    """Whether a client asks: the cluster's own controllers are spared, or a fault for others would stop the cluster."""
    ((name, value),) = OWN_HEADERS.items()
    return (name.encode(), value.encode()) not in scope["headers"]


def _key(state_dir: Path) -> bytes:
    """Return the key that signs tokens, made once."""
    path = state_dir / "signing.key"
    if not path.exists():
        _write_private(path, secrets.token_bytes(_KEY_BYTES))
    return path.read_bytes()


def _write_private(path: Path, content: bytes) -> None:
    """Put the whole file there or nothing, readable by its owner only."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)


def _described(cluster: Cluster, url: str, files: Certificates, state_dir: Path) -> ClusterApi:
    admin = identity.admin_token(cluster)
    bot = identity.issue(cluster, seed.BOT_NAMESPACE, seed.BOT_ACCOUNT)
    kubeconfig = state_dir / "kubeconfig"
    users = {"admin": admin, seed.BOT_ACCOUNT: bot}
    described = _kubeconfig(url, files.authority, users)
    _write_private(kubeconfig, json.dumps(described, indent=2).encode())
    return ClusterApi(url, files.authority, admin, bot, kubeconfig, cluster.logs)


def _kubeconfig(url: str, authority: Path, users: dict[str, str]) -> dict[str, Any]:
    """Return one file for all users, the first of whom is the one at work; JSON is YAML."""
    server = {"server": url, "certificate-authority": str(authority.resolve())}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": server}],
        "users": [{"name": name, "user": {"token": token}} for name, token in users.items()],
        "contexts": [
            {"name": name, "context": {"cluster": "sandbox", "user": name}} for name in users
        ],
        "current-context": next(iter(users)),
    }
