"""Open a bare repository and find what a name in it means."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

ZERO = "0" * 40
MODE_FILE = FileMode.BLOB
MODE_EXECUTABLE = FileMode.BLOB_EXECUTABLE

_BRANCHES = "refs/heads/"
_TAGS = "refs/tags/"


class UnknownRevision(Exception):
    """No branch, tag or commit has this name."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """A branch or tag that moved; zeros stand for not being there."""

    ref: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """The branch's or tag's own name."""
        return self.ref.removeprefix(_BRANCHES).removeprefix(_TAGS)

    @property
    def is_tag(self) -> bool:
        """Whether a tag moved."""
        return self.ref.startswith(_TAGS)

    @property
    def is_deletion(self) -> bool:
        """Whether it is gone."""
        return self.after == ZERO


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[RefChange]:
    """What moved between two looks at the refs."""
    return [
        RefChange(name, before.get(name, ZERO), after.get(name, ZERO))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


class Repositories:
    """The bare repositories under one folder, by project id, each with a lock for its writers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def path(self, number: int) -> Path:
        """Where the project's repository lies; it is made on first use."""
        path = self._folder / f"{number}.git"
        if not (path / "HEAD").exists():
            pygit2.init_repository(str(path), bare=True, initial_head="main")
        return path

    def writing(self, number: int) -> asyncio.Lock:
        """Held while refs of the repository are changed, by whichever way."""
        return self._locks[number]


def opened(path: Path) -> pygit2.Repository:
    """Open for one call: a libgit2 repository is not shared between threads."""
    return pygit2.Repository(str(path))


def refs(path: Path) -> dict[str, str]:
    """Every branch and tag with what it points at."""
    repo = opened(path)
    names = [name for name in repo.references if name.startswith((_BRANCHES, _TAGS))]
    return {name: str(repo.references[name].resolve().target) for name in names}


def branch(repo: pygit2.Repository, name: str) -> pygit2.Commit | None:
    """The commit at the tip of a branch."""
    reference = repo.references.get(_BRANCHES + name)
    return reference.peel(pygit2.Commit) if reference else None


def resolve(repo: pygit2.Repository, name: str) -> pygit2.Commit:
    """The commit that a branch, tag or (short) hash stands for.

    Raises:
        UnknownRevision: there is none.
    """
    for candidate in (_BRANCHES + name, _TAGS + name, name):
        reference = repo.references.get(candidate) if _is_ref_name(candidate) else None
        if reference is not None:
            return reference.peel(pygit2.Commit)
    try:
        return repo.revparse_single(name).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise UnknownRevision(name) from error


def is_branch_name(name: str) -> bool:
    """Whether git allows a branch or tag to be called so."""
    return not name.startswith("-") and _is_ref_name(_BRANCHES + name)


def _is_ref_name(name: str) -> bool:
    return name == "HEAD" or bool(pygit2.reference_is_valid_name(name))


def point_branch(path: Path, name: str, sha: str) -> None:
    """Let a branch stand at a commit, made if it is new."""
    repo = opened(path)
    repo.references.create(_BRANCHES + name, pygit2.Oid(hex=sha), force=True)


def drop_ref(path: Path, name: str) -> None:
    """Delete a branch or tag by its full name."""
    opened(path).references.delete(name)


def tag(path: Path, name: str, sha: str, message: str | None) -> None:
    """Tag a commit; with a message the tag is an object of its own."""
    repo = opened(path)
    target = pygit2.Oid(hex=sha)
    if message:
        signature = repo[target].peel(pygit2.Commit).committer
        repo.create_tag(name, target, ObjectType.COMMIT, signature, message)
    else:
        repo.references.create(_TAGS + name, target)


def set_head(path: Path, name: str) -> None:
    """Make a branch the one that a clone checks out."""
    opened(path).set_head(_BRANCHES + name)
