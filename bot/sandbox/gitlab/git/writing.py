"""Write one commit from a list of file actions: all of them or none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import pygit2

from bot.sandbox.gitlab.git import reading, repository


class Refused(Exception):
    """The actions cannot be done; the words are GitLab's."""


@dataclass(frozen=True, slots=True)
class Action:
    """One change to one file."""

    kind: str
    path: str
    content: bytes | None = None
    previous_path: str | None = None
    last_commit_id: str | None = None
    executable: bool | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Whose commit it is."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Wish:
    """The commit that is asked for."""

    branch: str
    message: str
    actions: tuple[Action, ...]
    author: Author
    committer: Author
    at: datetime
    start: str | None = None
    force: bool = False


def write(path: Path, wish: Wish) -> str:
    """Make the commit and move the branch to it; hold the repository's writing lock.

    Returns:
        The commit's hash.

    Raises:
        Refused: a file or the branch is not as the wish supposes; nothing was written.
    """
    repo = repository.opened(path)
    parent = _parent(repo, wish)
    index = pygit2.Index()
    if parent is not None:
        index.read_tree(parent.tree)
    for action in wish.actions:
        _check(repo, parent, action)
        _APPLY[_known(action)](repo, index, action)
    oid = repo.create_commit(
        None,
        _signature(wish.author, wish.at),
        _signature(wish.committer, wish.at),
        wish.message,
        index.write_tree(repo),
        [parent.id] if parent else [],
    )
    repo.references.create(f"refs/heads/{wish.branch}", oid, force=True)
    if parent is None:
        repo.set_head(f"refs/heads/{wish.branch}")
    return str(oid)


def _parent(repo: pygit2.Repository, wish: Wish) -> pygit2.Commit | None:
    tip = repository.branch(repo, wish.branch)
    if wish.start is None or wish.start == wish.branch:
        if tip is None and not repo.is_empty and list(repo.branches.local):
            raise Refused("You can only create or edit files when you are on a branch")
        return tip
    if tip is not None and not wish.force:
        raise Refused(
            f"A branch called '{wish.branch}' already exists."
            " Switch to that branch in order to make changes"
        )
    try:
        return repository.resolve(repo, wish.start)
    except repository.UnknownRevision as error:
        raise Refused("Cannot find start_branch") from error


def _check(repo: pygit2.Repository, parent: pygit2.Commit | None, action: Action) -> None:
    for name in filter(None, (action.path, action.previous_path)):
        parts = PurePosixPath(name).parts
        if ".." in parts or ".git" in parts or name.startswith("/") or not name.strip():
            raise Refused("Path cannot include directory traversal")
    if action.last_commit_id is None or parent is None:
        return
    last = reading.last_commit(repo, parent, action.previous_path or action.path)
    if last is not None and str(last.id) != action.last_commit_id:
        raise Refused(f"The file has changed since you started editing it: {action.path}")


def _known(action: Action) -> str:
    if action.kind not in _APPLY:
        raise Refused(f"Unknown action '{action.kind}'")
    return action.kind


def _create(repo: pygit2.Repository, index: pygit2.Index, action: Action) -> None:
    if action.path in index:
        raise Refused("A file with this name already exists")
    if any(entry.path.startswith(f"{action.path}/") for entry in index):
        raise Refused("A directory with this name already exists")
    _add(repo, index, action, executable=bool(action.executable))


def _update(repo: pygit2.Repository, index: pygit2.Index, action: Action) -> None:
    entry = _present(index, action.path)
    executable = entry.mode == repository.MODE_EXECUTABLE
    _add(repo, index, action, executable=executable)


def _move(repo: pygit2.Repository, index: pygit2.Index, action: Action) -> None:
    if not action.previous_path:
        raise Refused("You must provide a previous path")
    entry = _present(index, action.previous_path)
    if action.path in index:
        raise Refused("A file with this name already exists")
    oid = entry.id if action.content is None else repo.create_blob(action.content)
    index.remove(action.previous_path)
    index.add(pygit2.IndexEntry(action.path, oid, entry.mode))


def _delete(_: pygit2.Repository, index: pygit2.Index, action: Action) -> None:
    _present(index, action.path)
    index.remove(action.path)


def _chmod(_: pygit2.Repository, index: pygit2.Index, action: Action) -> None:
    entry = _present(index, action.path)
    mode = repository.MODE_EXECUTABLE if action.executable else repository.MODE_FILE
    index.add(pygit2.IndexEntry(action.path, entry.id, mode))


def _present(index: pygit2.Index, path: str) -> pygit2.IndexEntry:
    if path not in index:
        raise Refused("A file with this name doesn't exist")
    return index[path]


def _add(repo: pygit2.Repository, index: pygit2.Index, action: Action, *, executable: bool) -> None:
    mode = repository.MODE_EXECUTABLE if executable else repository.MODE_FILE
    index.add(pygit2.IndexEntry(action.path, repo.create_blob(action.content or b""), mode))


def _signature(author: Author, at: datetime) -> pygit2.Signature:
    name = "".join(c for c in author.name if c not in "<>\n") or author.email
    return pygit2.Signature(name, author.email, int(at.timestamp()), 0)


_APPLY: dict[str, Callable[[pygit2.Repository, pygit2.Index, Action], None]] = {
    "create": _create,
    "update": _update,
    "move": _move,
    "delete": _delete,
    "chmod": _chmod,
}
