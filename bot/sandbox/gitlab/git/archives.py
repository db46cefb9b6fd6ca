"""Pack a revision into one file, below one folder, as GitLab's downloads are."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.gitlab.git import reading

MEDIA_TYPES = {"tar.gz": "application/octet-stream", "zip": "application/zip"}


@dataclass(frozen=True, slots=True)
class Archive:
    """The packed bytes, and the name of the folder in them."""

    content: bytes
    folder: str
    sha: str


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    content: bytes
    executable: bool
    at: int


def pack(path: Path, revision: str, *, inside: str, name: str, kind: str) -> Archive:
    """All files of a revision, or of one folder or file in it.

    Raises:
        UnknownRevision: there is no such revision.
        NoSuchPath: nothing lies at that path.
    """
    commit = reading.commit(path, revision)
    ref = revision.replace("/", "-")
    suffix = f"-{inside.replace('/', '-')}" if inside else ""
    folder = f"{name}-{ref}-{commit.sha}{suffix}" if ref != commit.sha else f"{name}-{ref}{suffix}"
    at = int(commit.committed_at.timestamp())
    members = [
        _Member(
            f"{folder}/{entry.path}",
            reading.blob(path, entry.sha),
            executable=entry.mode == "100755",
            at=at,
        )
        for entry in reading.tree(path, revision, recursive=True)
        if entry.type == "blob" and _lies_in(entry.path, inside)
    ]
    if not members:
        raise reading.NoSuchPath(inside)
    return Archive(_PACKERS[kind](members), folder, commit.sha)


def _lies_in(path: str, inside: str) -> bool:
    return not inside or path == inside or path.startswith(f"{inside}/")


def _tar(members: list[_Member]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member in members:
            header = tarfile.TarInfo(member.name)
            header.size = len(member.content)
            header.mtime = member.at
            header.mode = 0o755 if member.executable else 0o644
            archive.addfile(header, io.BytesIO(member.content))
    return packed.getvalue()


def _zip(members: list[_Member]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member.name, member.content)
    return packed.getvalue()


_PACKERS: Mapping[str, Callable[[list[_Member]], bytes]] = {"tar.gz": _tar, "zip": _zip}
