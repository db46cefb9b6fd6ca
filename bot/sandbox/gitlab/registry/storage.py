"""Blobs by digest and uploads on their way, as files."""

import hashlib
import re
import uuid
from pathlib import Path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_UPLOAD = re.compile(r"[0-9a-f-]{36}")


class DigestMismatch(Exception):
    """The content is not what the client says it is."""


class Storage:
    """Content-addressed files; a blob is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs" / "sha256"
        self._uploads = folder / "uploads"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._uploads.mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path | None:
        """The file of a digest, if it is here."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self._blobs / digest.removeprefix("sha256:")
        return path if path.exists() else None

    def begin(self) -> str:
        """A new upload's name."""
        name = str(uuid.uuid4())
        (self._uploads / name).touch()
        return name

    def upload(self, name: str) -> Path | None:
        """The file of an upload that was begun."""
        path = self._uploads / name
        return path if _UPLOAD.fullmatch(name) and path.exists() else None

    def finish(self, path: Path, digest: str) -> None:
        """Keep an upload as the blob that it is.

        Raises:
            DigestMismatch: it is another one; the upload is gone.
        """
        with path.open("rb") as content:
            actual = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        if actual != digest:
            path.unlink()
            raise DigestMismatch
        path.replace(self._blobs / digest.removeprefix("sha256:"))

    def keep(self, content: bytes) -> str:
        """Keep small content, and tell its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        upload = self._uploads / self.begin()
        upload.write_bytes(content)
        self.finish(upload, digest)
        return digest
