"""Read commits, trees and files of a repository."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from bot.sandbox.gitlab.git import repository

_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)")
_LISTING_ORDER = {"tree": 0, "blob": 1, "commit": 2}


class NoSuchPath(Exception):
    """The revision has no file or folder of this name."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What the API and the pages say of a commit."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author_name: str
    author_email: str
    authored_at: datetime
    committer_name: str
    committer_email: str
    committed_at: datetime

    @property
    def title(self) -> str:
        """The first line."""
        return self.message.split("\n", 1)[0].strip()

    @property
    def trailers(self) -> dict[str, list[str]]:
        """The `Key: value` lines that end the message."""
        paragraphs = self.message.strip().split("\n\n")
        if len(paragraphs) == 1:
            return {}
        found: dict[str, list[str]] = {}
        for line in paragraphs[-1].splitlines():
            matched = _TRAILER.fullmatch(line)
            if matched is None:
                return {}
            found.setdefault(matched[1], []).append(matched[2])
        return found


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree."""

    sha: str
    name: str
    path: str
    type: str
    mode: str


@dataclass(frozen=True, slots=True)
class File:
    """A file as it stands in a revision."""

    path: str
    content: bytes
    blob: str
    executable: bool
    commit: str
    last_commit: str


def commit(path: Path, revision: str) -> Commit:
    """The commit that a revision stands for."""
    return described(repository.resolve(repository.opened(path), revision))


def tag_message(path: Path, target: str) -> str | None:
    """What an annotated tag says; a light one says nothing."""
    found = repository.opened(path)[target]
    return found.message if isinstance(found, pygit2.Tag) else None


def described(found: pygit2.Commit) -> Commit:
    """A commit without libgit2 in it."""
    author, committer = found.author, found.committer
    return Commit(
        sha=str(found.id),
        parents=tuple(str(parent) for parent in found.parent_ids),
        message=found.message,
        author_name=author.name,
        author_email=author.email,
        authored_at=_when(author),
        committer_name=committer.name,
        committer_email=committer.email,
        committed_at=_when(committer),
    )


def _when(signature: pygit2.Signature) -> datetime:
    zone = timezone(timedelta(minutes=signature.offset))
    return datetime.fromtimestamp(signature.time, zone)


def log(
    path: Path,
    revision: str,
    *,
    inside: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Commit]:
    """The commits reachable from a revision, newest first, those that touch a path where one is given."""
    repo = repository.opened(path)
    start = repository.resolve(repo, revision)
    return [
        described(found)
        for found in repo.walk(start.id, SortMode.TOPOLOGICAL | SortMode.TIME)
        if (not inside or _touches(found, inside))
        and (since is None or found.commit_time >= since.timestamp())
        and (until is None or found.commit_time <= until.timestamp())
    ]


def _touches(found: pygit2.Commit, path: str) -> bool:
    here = _id_at(found.tree, path)
    if not found.parents:
        return here is not None
    return all(_id_at(parent.tree, path) != here for parent in found.parents)


def _id_at(tree: pygit2.Tree, path: str) -> tuple[pygit2.Oid, int] | None:
    try:
        found = tree[path]
    except KeyError:
        return None
    return found.id, int(found.filemode)


def last_commit(repo: pygit2.Repository, start: pygit2.Commit, path: str) -> pygit2.Commit | None:
    """The newest commit that changed a path."""
    walk = repo.walk(start.id, SortMode.TOPOLOGICAL | SortMode.TIME)
    return next((found for found in walk if _touches(found, path)), None)


def last_commits(path: Path, revision: str, names: tuple[str, ...]) -> dict[str, Commit]:
    """For each path the newest commit that changed it, found in one walk."""
    repo = repository.opened(path)
    start = repository.resolve(repo, revision)
    missing, found = set(names), dict[str, Commit]()
    for candidate in repo.walk(start.id, SortMode.TOPOLOGICAL | SortMode.TIME):
        touched = {name for name in missing if _touches(candidate, name)}
        found.update(dict.fromkeys(touched, described(candidate)))
        missing -= touched
        if not missing:
            break
    return found


def file(path: Path, revision: str, name: str) -> File:
    """A file of a revision.

    Raises:
        UnknownRevision: there is no such revision.
        NoSuchPath: it has no such file.
    """
    repo = repository.opened(path)
    at = repository.resolve(repo, revision)
    try:
        blob = at.tree[name.strip("/")]
    except KeyError as error:
        raise NoSuchPath(name) from error
    if not isinstance(blob, pygit2.Blob):
        raise NoSuchPath(name)
    last = last_commit(repo, at, name.strip("/")) or at
    executable = int(blob.filemode) == repository.MODE_EXECUTABLE
    return File(name, blob.data, str(blob.id), executable, str(at.id), str(last.id))


def blob(path: Path, sha: str) -> bytes:
    """A file's content by the hash of it.

    Raises:
        NoSuchPath: there is no such blob.
    """
    try:
        found = repository.opened(path)[sha]
    except (KeyError, ValueError) as error:
        raise NoSuchPath(sha) from error
    if not isinstance(found, pygit2.Blob):
        raise NoSuchPath(sha)
    return found.data


def tree(path: Path, revision: str, inside: str = "", *, recursive: bool = False) -> list[Entry]:
    """What a folder holds: folders first, as GitLab lists them."""
    repo = repository.opened(path)
    folder = repository.resolve(repo, revision).tree
    inside = inside.strip("/")
    if inside:
        folder = _folder(folder, inside)
    entries = list(_entries(folder, f"{inside}/" if inside else "", recursive=recursive))
    return sorted(entries, key=lambda entry: _LISTING_ORDER[entry.type])


def _folder(root: pygit2.Tree, inside: str) -> pygit2.Tree:
    try:
        found = root[inside]
    except KeyError as error:
        raise NoSuchPath(inside) from error
    if not isinstance(found, pygit2.Tree):
        raise NoSuchPath(inside)
    return found


def _entries(folder: pygit2.Tree, prefix: str, *, recursive: bool) -> Iterator[Entry]:
    for item in folder:
        name = item.name or ""
        mode = f"{int(item.filemode):06o}"
        yield Entry(str(item.id), name, prefix + name, item.type_str, mode)
        if recursive and isinstance(item, pygit2.Tree):
            yield from _entries(item, f"{prefix}{name}/", recursive=True)
