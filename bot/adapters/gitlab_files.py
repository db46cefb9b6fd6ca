"""Files and commits: what differs from the branch becomes one commit."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import gitlab

from bot.adapters.gitlab_errors import is_missing
from bot.adapters.gitlab_projects import existing_project
from bot.ports.git_host import Commit, RenderedFile

_EXECUTABLE = "100755"
_LINK = "120000"
_SHA1_LENGTH = 40
Tree = Mapping[str, Mapping[str, str]]


def ensure_files(
    client: gitlab.Gitlab,
    path: str,
    files: Mapping[str, RenderedFile],
    *,
    message: str,
    branch: str,
) -> Commit:
    """Commit what differs from the branch as it stands now; a change in between is GitLab's to refuse.

    The tree and the files' last commits are read at one commit, so no other push can slip between them.
    """
    project = existing_project(client, path)
    base, start_branch = _base(project, branch)
    tree = read_tree(project, ref=base.sha) if base else {}
    actions = _difference(tree, files)
    if base and not actions:
        return _last_touching(project, files, base)
    for action in actions:
        if base and action["action"] == "update":
            action["last_commit_id"] = last_commit(project, action["file_path"], base.sha)
    commit = {"branch": branch, "commit_message": message, "actions": actions}
    if start_branch:
        commit["start_branch"] = start_branch
    return commit_of(project.commits.create(commit))


def ensure_first_files(
    client: gitlab.Gitlab,
    path: str,
    files: Mapping[str, RenderedFile],
    *,
    message: str,
    branch: str,
) -> Commit:
    """Commit all files to an empty repository; where the branch has commits, find its very first one."""
    project = existing_project(client, path)
    newest = head_of(project, branch)
    if newest is None:
        actions = _difference({}, files)
        commit = {"branch": branch, "commit_message": message, "actions": actions}
        return commit_of(project.commits.create(commit))
    first = newest
    for commit in project.commits.list(ref_name=newest.sha, iterator=True, per_page=100):
        first = commit_of(commit)
    return first


def head(client: gitlab.Gitlab, path: str, branch: str) -> Commit | None:
    """The newest commit of the branch."""
    return head_of(client.projects.get(path, lazy=True), branch)


def read_tree(project: Any, *, ref: str, folder: str = "") -> Tree:
    """The files below a folder by path; empty where folder, ref or project is missing. Links are left out."""
    try:
        entries = project.repository_tree(
            path=folder, ref=ref, recursive=True, get_all=True, per_page=100, pagination="keyset"
        )
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return {}
        raise
    return {e["path"]: e for e in entries if e["type"] == "blob" and e["mode"] != _LINK}


def read_blob(client: gitlab.Gitlab, path: str, sha: str) -> bytes:
    """A file's content by its git name."""
    return client.projects.get(path, lazy=True).repository_raw_blob(sha)


def read_file(client: gitlab.Gitlab, project: str, path: str, *, ref: str) -> bytes | None:
    """A file's content by its path, without a look at the tree."""
    try:
        return client.projects.get(project, lazy=True).files.raw(path, ref=ref)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return None
        raise


def blob_sha(content: bytes, *, like: str) -> str:
    """The name that git gives to the content, in the hash of the repository that `like` comes from."""
    algorithm = hashlib.sha1 if len(like) == _SHA1_LENGTH else hashlib.sha256
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()


def _difference(tree: Tree, files: Mapping[str, RenderedFile]) -> list[dict[str, Any]]:
    """The actions that make the tree hold these files; the executable bit is an action of its own."""
    actions: list[dict[str, Any]] = []
    for path, file in sorted(files.items()):
        there = tree.get(path)
        if there is None or there["id"] != blob_sha(file.content, like=there["id"]):
            actions.append(
                {
                    "action": "update" if there else "create",
                    "file_path": path,
                    "content": base64.b64encode(file.content).decode(),
                    "encoding": "base64",
                }
            )
        if file.executable != (there is not None and there["mode"] == _EXECUTABLE):
            actions.append(
                {"action": "chmod", "file_path": path, "execute_filemode": file.executable}
            )
    return actions


def _base(project: Any, branch: str) -> tuple[Commit | None, str | None]:
    """What the commit is made on, and the branch to start from where the wanted one does not exist yet."""
    base = head_of(project, branch)
    default: str | None = project.default_branch
    if base or not default or default == branch:
        return base, None
    base = head_of(project, default)
    return base, default if base else None


def head_of(project: Any, branch: str) -> Commit | None:
    """The newest commit of a branch of a project that was read already."""
    try:
        return _commit_of_branch(project.branches.get(branch))
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return None
        raise


def _commit_of_branch(branch: Any) -> Commit:
    return Commit(sha=branch.commit["id"], web_url=branch.commit["web_url"])


def commit_of(raw: Any) -> Commit:
    """GitLab's commit in the port's words."""
    return Commit(sha=raw.id, web_url=raw.web_url)


def last_commit(project: Any, file: str, ref: str) -> str:
    """The commit that changed the file last, as seen from the ref."""
    return str(project.files.head(file, ref=ref)["X-Gitlab-Last-Commit-Id"])


def _last_touching(project: Any, files: Mapping[str, RenderedFile], base: Commit) -> Commit:
    """The newest commit that changed one of the files."""
    touched = {last_commit(project, file, base.sha) for file in files}
    if not touched or base.sha in touched:
        return base
    if len(touched) == 1:
        return commit_of(project.commits.get(touched.pop()))
    for commit in project.commits.list(ref_name=base.sha, iterator=True, per_page=100):
        if commit.id in touched:
            return commit_of(commit)
    return base
