"""Compare commits file by file, with patches as GitLab shows them."""

from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, DiffFind

from bot.sandbox.gitlab.git import reading, repository


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The change of one file; the text starts at the first hunk."""

    old_path: str
    new_path: str
    old_mode: str
    new_mode: str
    status: DeltaStatus
    text: str
    additions: int
    deletions: int

    @property
    def is_new(self) -> bool:
        """Whether the file was not there before."""
        return self.status is DeltaStatus.ADDED

    @property
    def is_deleted(self) -> bool:
        """Whether the file is gone."""
        return self.status is DeltaStatus.DELETED

    @property
    def is_renamed(self) -> bool:
        """Whether it is the same file under another name."""
        return self.status is DeltaStatus.RENAMED


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one revision has that another has not."""

    commits: tuple[reading.Commit, ...]
    files: tuple[FileDiff, ...]
    is_same: bool


def of_commit(path: Path, revision: str) -> list[FileDiff]:
    """What a commit changed compared with its first parent."""
    repo = repository.opened(path)
    found = repository.resolve(repo, revision)
    parent = found.parents[0].tree if found.parents else None
    return _files(parent, found.tree)


def between(path: Path, old: str, new: str) -> list[FileDiff]:
    """What changed from one revision to another; zeros stand for the empty tree."""
    repo = repository.opened(path)
    before = None if old == repository.ZERO else repository.resolve(repo, old).tree
    return _files(before, repository.resolve(repo, new).tree)


def compare(path: Path, old: str, new: str, *, straight: bool = False) -> Comparison:
    """What `new` brought since it left `old`; straight compares the two as they are."""
    repo = repository.opened(path)
    start, end = repository.resolve(repo, old), repository.resolve(repo, new)
    base = None if straight else repo.merge_base(start.id, end.id)
    against = repo[base].peel(pygit2.Commit) if base else start
    walk = repo.walk(end.id, pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.REVERSE)
    walk.hide(start.id)
    commits = tuple(reading.described(found) for found in walk)
    files = tuple(_files(against.tree, end.tree))
    return Comparison(commits, files, is_same=start.id == end.id)


def _files(old: pygit2.Tree | None, new: pygit2.Tree) -> list[FileDiff]:
    if old is None:
        changes = new.diff_to_tree(swap=True)
    else:
        changes = old.diff_to_tree(new)
        changes.find_similar(flags=DiffFind.FIND_RENAMES)
    return [_file(patch) for patch in changes if patch is not None]


def _file(patch: pygit2.Patch) -> FileDiff:
    delta = patch.delta
    _, additions, deletions = patch.line_stats
    text = (patch.data or b"").decode(errors="replace")
    start = text.find("@@ ")
    return FileDiff(
        old_path=delta.old_file.path,
        new_path=delta.new_file.path,
        old_mode=_mode(delta.old_file),
        new_mode=_mode(delta.new_file),
        status=DeltaStatus(delta.status),
        text=text[start:] if start >= 0 else "",
        additions=additions,
        deletions=deletions,
    )


def _mode(file: pygit2.DiffFile) -> str:
    return f"{int(file.mode):o}"
