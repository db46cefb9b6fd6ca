"""Pull images from a registry and lay their files out, once per digest."""

import asyncio
import functools
import hashlib
import io
import json
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_REFERENCE = re.compile(
    r"^(?P<host>[^/]+)/(?P<name>[^:@]+)(?::(?P<tag>[\w][\w.-]*))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)
_OCI, _DOCKER = "application/vnd.oci.image", "application/vnd.docker.distribution"
_ACCEPT = (
    f"{_OCI}.manifest.v1+json, {_OCI}.index.v1+json, "
    f"{_DOCKER}.manifest.v2+json, {_DOCKER}.manifest.list.v2+json"
)
_WHITEOUT = ".wh."


class ImageError(Exception):
    """The image cannot be had; the message is for the container's state."""


@dataclass(frozen=True, slots=True)
class RegistryCredentials:
    """What the node shows to the registries on its own machine; no other one gets to see it."""

    username: str
    token: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image on this node."""

    digest: str
    root: Path
    config: dict[str, Any]

    @property
    def command(self) -> list[str]:
        """What it starts by itself."""
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it brings."""
        pairs = (entry.partition("=") for entry in self.config.get("Env") or [])
        return {name: value for name, _, value in pairs}


class Images:
    """This node's images."""

    def __init__(self, folder: Path, credentials: RegistryCredentials | None) -> None:
        self._folder = folder
        self._credentials = credentials
        self._locks: dict[str, asyncio.Lock] = {}

    @functools.cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made for the first pull: reading the system's certificates takes a while."""
        return httpx.AsyncClient(timeout=30, follow_redirects=True, trust_env=False)

    async def close(self) -> None:
        """Let go of all connections."""
        if "_http" in vars(self):
            await self._http.aclose()

    async def pull(self, reference: str) -> Image:
        """Make sure that the image is here.

        Raises:
            ImageError: no such image, refused, or no registry.
        """
        found = _REFERENCE.match(reference)
        if not found or not re.search(r"[.:]|^localhost$", found["host"]):
            raise ImageError(
                f'failed to pull image "{reference}": the sandbox reaches no public registry'
            )
        if found["digest"] and (here := self._unpacked(found["digest"])):
            return here
        try:
            return await self._pull(
                found["host"], found["name"], found["digest"] or found["tag"] or "latest"
            )
        except (httpx.HTTPError, tarfile.TarError, ValueError, KeyError, OSError) as error:
            raise ImageError(f'failed to pull image "{reference}": {error}') from error

    async def _pull(self, host: str, name: str, reference: str) -> Image:
        base = f"{_scheme(host)}://{host}/v2/{name}"
        body = await self._fetch(host, f"{base}/manifests/{reference}")
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        manifest = json.loads(body)
        if "manifests" in manifest:
            return await self._pull(host, name, manifest["manifests"][0]["digest"])
        async with self._locks.setdefault(digest, asyncio.Lock()):
            here = self._unpacked(digest)
            if not here:
                await self._unpack(host, base, manifest, self._root(digest))
                here = self._unpacked(digest)
        if not here:
            raise ValueError("it did not unpack")
        return here

    def _unpacked(self, digest: str) -> Image | None:
        """Find an image that is here already: what a digest names never changes."""
        root = self._root(digest)
        if not (root / "config.json").exists():
            return None
        config = json.loads((root / "config.json").read_text())
        return Image(digest, root / "rootfs", config.get("config") or {})

    def _root(self, digest: str) -> Path:
        return self._folder / digest.replace(":", "-")

    async def _unpack(self, host: str, base: str, manifest: dict[str, Any], root: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = await self._blob(host, base, manifest["config"]["digest"])
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            rootfs = Path(scratch) / "image" / "rootfs"
            rootfs.mkdir(parents=True)
            for layer in manifest["layers"]:
                blob = await self._blob(host, base, layer["digest"])
                await asyncio.to_thread(extract, blob, rootfs)
            (rootfs.parent / "config.json").write_bytes(config)
            shutil.rmtree(root, ignore_errors=True)
            # In one move: a node that dies meanwhile has either nothing or all of it.
            rootfs.parent.rename(root)

    async def _blob(self, host: str, base: str, digest: str) -> bytes:
        body = await self._fetch(host, f"{base}/blobs/{digest}")
        if "sha256:" + hashlib.sha256(body).hexdigest() != digest:
            raise ValueError(f"blob {digest} has another content")
        return body

    async def _fetch(self, host: str, url: str) -> bytes:
        known = self._credentials if _is_local(host) else None
        auth = httpx.BasicAuth(known.username, known.token) if known else None
        response = await self._http.get(url, headers={"Accept": _ACCEPT}, auth=auth)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise ValueError("not found")
        response.raise_for_status()
        return response.content


def extract(layer: bytes, rootfs: Path) -> None:
    """Lay a layer over what is there; a whiteout takes a file of a lower layer away."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        for member in tar:
            name = Path(member.name).name
            if name.startswith(_WHITEOUT):
                hidden = rootfs / Path(member.name).parent / name.removeprefix(_WHITEOUT)
                _remove(hidden, rootfs)
            elif member.isfile() or member.isdir() or member.issym() or member.islnk():
                tar.extract(member, rootfs, filter="data")


def _remove(path: Path, rootfs: Path) -> None:
    if not path.resolve().is_relative_to(rootfs.resolve()):
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _scheme(host: str) -> str:
    return "http" if _is_local(host) else "https"


def _is_local(host: str) -> bool:
    name = host.partition(":")[0]
    return name in {"localhost", "127.0.0.1"} or name.endswith(".localhost")
