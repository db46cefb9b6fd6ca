"""Bring one branch into another, in memory first, so that a conflict changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2

from bot.sandbox.gitlab.git import repository
from bot.sandbox.gitlab.git.writing import Author


class Conflict(Exception):
    """Both sides changed the same lines."""


@dataclass(frozen=True, slots=True)
class Merge:
    """How to bring `source` into `target`."""

    source: str
    target: str
    message: str
    author: Author
    at: datetime
    squash_message: str | None = None
    fast_forward: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge left behind."""

    merge_commit: str | None
    squash_commit: str | None


def contains(path: Path, inside: str, sha: str) -> bool:
    """Whether a commit is part of another one's history."""
    repo = repository.opened(path)
    outer, inner = pygit2.Oid(hex=inside), pygit2.Oid(hex=sha)
    return outer == inner or repo.descendant_of(outer, inner)


def has_conflicts(path: Path, source: str, target: str) -> bool:
    """Whether the two cannot be merged by themselves."""
    repo = repository.opened(path)
    ours, theirs = repository.resolve(repo, target), repository.resolve(repo, source)
    return repo.merge_commits(ours, theirs).conflicts is not None


def merge(path: Path, wish: Merge) -> Merged:
    """Merge and move the target branch; hold the repository's writing lock.

    Raises:
        Conflict: it cannot be merged; nothing was changed.
    """
    repo = repository.opened(path)
    target, source = repository.resolve(repo, wish.target), repository.resolve(repo, wish.source)
    index = repo.merge_commits(target, source)
    if index.conflicts is not None:
        raise Conflict
    tree = index.write_tree(repo)
    signature = pygit2.Signature(wish.author.name, wish.author.email, int(wish.at.timestamp()), 0)
    squashed: pygit2.Oid | None = None
    tip = source.id
    if wish.squash_message is not None:
        squashed = tip = repo.create_commit(
            None, source.author, signature, wish.squash_message, tree, [target.id]
        )
    is_ahead = squashed is not None or repo.descendant_of(source.id, target.id)
    if wish.fast_forward and not is_ahead:
        raise Conflict
    head = tip
    if not wish.fast_forward:
        head = repo.create_commit(None, signature, signature, wish.message, tree, [target.id, tip])
    repo.references.create(f"refs/heads/{wish.target}", head, force=True)
    return Merged(
        merge_commit=None if wish.fast_forward else str(head),
        squash_commit=str(squashed) if squashed else None,
    )


def rebase(path: Path, branch: str, target: str, author: Author, at: datetime) -> None:
    """Put a branch's own commits on top of another one; hold the repository's writing lock.

    Raises:
        Conflict: they do not fit there; nothing was changed.
    """
    repo = repository.opened(path)
    tip, source = repository.resolve(repo, target), repository.resolve(repo, branch)
    signature = pygit2.Signature(author.name, author.email, int(at.timestamp()), 0)
    order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.REVERSE
    walk = repo.walk(source.id, order)
    walk.hide(tip.id)
    for commit in [each for each in walk if len(each.parents) == 1]:
        index = repo.merge_trees(commit.parents[0].tree, tip.tree, commit.tree)
        if index.conflicts is not None:
            raise Conflict
        tree = index.write_tree(repo)
        made = repo.create_commit(None, commit.author, signature, commit.message, tree, [tip.id])
        tip = repo[made].peel(pygit2.Commit)
    repo.references.create(f"refs/heads/{branch}", tip.id, force=True)
