"""Images on disk as an OCI image layout: blobs under their digests, names in an index."""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_NAME: Final = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Recipe:
    """What an image is beside its files."""

    config: Mapping[str, Any]
    history: tuple[str, ...]
    base: str


class Layout:
    """A folder of images."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, root: Path, recipe: Recipe) -> str:
        """Write the files of a folder as an image of one layer; the digest of its manifest."""
        tar = _tar(root)
        layer = gzip.compress(tar, mtime=0)
        config = json.dumps(_config(recipe, _digest(tar))).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._described(config, CONFIG),
            "layers": [self._described(layer, LAYER)],
            "annotations": {"org.opencontainers.image.base.name": recipe.base},
        }
        return str(self._described(json.dumps(manifest).encode(), MANIFEST)["digest"])

    def tag(self, name: str, digest: str) -> None:
        """Give an image a name, taking it from another that had it."""
        names = {**self._names(), name: digest}
        manifests = [
            {"mediaType": MANIFEST, "digest": one, "annotations": {_NAME: its_name}}
            for its_name, one in names.items()
        ]
        index = {"schemaVersion": 2, "manifests": manifests}
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self._folder / "index.json").write_text(json.dumps(index))

    def find(self, name: str) -> str | None:
        """The digest of a named image."""
        return self._names().get(name)

    def blob(self, digest: str) -> bytes:
        """The content under a digest."""
        return self._place(digest).read_bytes()

    def _names(self) -> dict[str, str]:
        index = self._folder / "index.json"
        if not index.exists():
            return {}
        manifests = json.loads(index.read_text())["manifests"]
        return {entry["annotations"][_NAME]: entry["digest"] for entry in manifests}

    def _described(self, content: bytes, media_type: str) -> dict[str, Any]:
        digest = _digest(content)
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _place(self, digest: str) -> Path:
        return self._folder / "blobs" / digest.replace(":", "/")


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _config(recipe: Recipe, diff_id: str) -> dict[str, Any]:
    created = datetime.now(UTC).isoformat()
    steps = [
        {"created": created, "created_by": step, "empty_layer": True} for step in recipe.history
    ]
    return {
        "created": created,
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": dict(recipe.config),
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [*steps, {"created": created, "created_by": "the files of the final stage"}],
    }


def _tar(root: Path) -> bytes:
    """The same bytes for the same files: nobody's names, no times, in order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, path.relative_to(root).as_posix(), recursive=False, filter=_plain)
    return buffer.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry
