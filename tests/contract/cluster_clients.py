"""A cluster's API server for tests, and its clients: plain HTTP, kubectl and helm."""

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox import binaries
from bot.sandbox.cluster.api import ClusterApi, serve

Object = dict[str, Any]

WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

WIDGET_SCHEMA: Object = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "description": "What the widget should be.",
            "required": ["size"],
            "properties": {
                "size": {"type": "string", "enum": ["S", "M", "L"]},
                "replicas": {"type": "integer", "default": 1, "minimum": 0},
                "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "tags": {
                    "type": "array",
                    "x-kubernetes-list-type": "set",
                    "items": {"type": "string"},
                },
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                    },
                },
            },
        },
        "status": {
            "type": "object",
            "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string"}},
        },
    },
}


def a_definition(**version: Any) -> Object:
    """The definition of namespaced Widgets."""
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": WIDGET_SCHEMA},
                    "subresources": {"status": {}, "scale": scale},
                    "additionalPrinterColumns": [
                        {"name": "Size", "type": "string", "jsonPath": ".spec.size"},
                        {"name": "Parts", "type": "string", "jsonPath": ".spec.parts[*].name"},
                    ],
                    **version,
                }
            ],
        },
    }


def a_widget(name: str = "w", **spec: Any) -> Object:
    """A small widget."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": "S", **spec},
    }


def a_config_map(name: str = "c", **data: str) -> Object:
    """Some settings."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data or {"a": "1"},
    }


def a_deployment(name: str = "web", **spec: Any) -> Object:
    """A deployment of one container."""
    labels = {"app": name}
    container = {"name": "web", "image": "example/web:1", "ports": [{"containerPort": 80}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


@dataclass(frozen=True)
class Ran:
    """What a program printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class World:
    """One API server and an administrator who talks to it."""

    api: ClusterApi
    http: httpx.AsyncClient
    home: Path

    async def create(self, path: str, body: Object) -> Object:
        """Create an object that must be accepted."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        created: Object = answer.json()
        return created

    async def apply(self, path: str, body: Object, **query: str) -> httpx.Response:
        """Apply an object, as the manager `one` where no other is named."""
        wanted = {"fieldManager": "one", **query}
        headers = {"content-type": "application/apply-patch+yaml"}
        return await self.http.patch(path, json=body, params=wanted, headers=headers)

    async def patch(self, path: str, body: Any, kind: str = "merge-patch") -> httpx.Response:
        """Patch an object."""
        headers = {"content-type": f"application/{kind}+json"}
        return await self.http.patch(path, json=body, headers=headers)

    async def gone(self, path: str) -> None:
        """Wait until there is nothing any more."""
        async with asyncio.timeout(5):
            while (await self.http.get(path)).status_code != 404:  # noqa: ASYNC110 - over the wire
                await asyncio.sleep(0.01)

    def as_user(self, token: str) -> httpx.AsyncClient:
        """A client of somebody else."""
        return _client(self.api, token)

    async def kubectl(self, *words: str, stdin: str = "") -> Ran:
        """Run real kubectl."""
        return await self._run(binaries.kubectl, words, stdin)

    async def helm(self, *words: str) -> Ran:
        """Run real helm."""
        return await self._run(binaries.helm, words, "")

    @contextlib.asynccontextmanager
    async def kubectl_rows(self, *words: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        """Real kubectl that would go on for ever, and the way to its next row."""
        process = await self._started(binaries.kubectl, words)

        async def row() -> str:
            assert process.stdout
            async with asyncio.timeout(30):
                return (await process.stdout.readline()).decode()

        try:
            yield row
        finally:
            process.terminate()
            await process.communicate()

    async def _run(self, find: Callable[[], Path], words: tuple[str, ...], stdin: str) -> Ran:
        process = await self._started(find, words)
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def _started(
        self, find: Callable[[], Path], words: tuple[str, ...]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            await asyncio.to_thread(find),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "KUBECONFIG": str(self.api.kubeconfig),
                "HOME": str(self.home),
                "PATH": "/usr/bin",
            },
        )


def _client(api: ClusterApi, token: str) -> httpx.AsyncClient:
    trust = ssl.create_default_context(cafile=str(api.ca))
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=api.url, verify=trust, headers=headers, timeout=10)


@contextlib.asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Start an API server on a folder."""
    async with (
        serve(port=0, state_dir=folder / "state") as api,
        _client(api, api.admin_token) as client,
    ):
        yield World(api, client, folder)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a cluster that was started once."""
    folder = tmp_path_factory.mktemp("cluster")

    async def start_once() -> None:
        async with a_world(folder):
            pass

    asyncio.run(start_once())
    return folder / "state"


@pytest.fixture
async def world(tmp_path: Path, seeded: Path) -> AsyncIterator[World]:
    """A fresh cluster."""
    shutil.copytree(seeded, tmp_path / "state")
    async with a_world(tmp_path) as made:
        yield made


@pytest.fixture
async def widgets(world: World) -> World:
    """A fresh cluster that knows Widgets."""
    await world.create(CRDS, a_definition())
    return world


def needs(find: Callable[[], Path]) -> pytest.MarkDecorator:
    """Skip where a program cannot be had, and say why."""
    try:
        find()
    except binaries.BinaryMissing as error:
        return pytest.mark.skip(reason=str(error))
    return pytest.mark.skipif(condition=False, reason="")
