"""A Git host without a server."""

import re
from collections.abc import Collection, Mapping

from bot.adapters.memory.faults import Faults
from bot.adapters.memory.repository import Repository
from bot.domain.errors import PermanentError
from bot.ports.git_host import (
    Commit,
    Group,
    NewProject,
    Pipeline,
    Project,
    Removal,
    RenderedFile,
)

_PATH = re.compile(r"[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]+)*(?<!\.git)(?<!\.atom)")


class MemoryGitHost(Faults):
    """Groups, repositories and pipelines that move when a test says so.

    With `delays_deletion` the host keeps deleted projects for days, so that the bot archives instead.
    """

    def __init__(self, url: str = "https://gitlab.example.com") -> None:
        super().__init__()
        self._url = url
        self.groups: dict[str, Group] = {}
        self.repositories: dict[str, Repository] = {}
        self.delays_deletion = False

    def add_project(self, path: str, *, mark: str | None = None) -> Repository:
        """Put a project there, as somebody other than the bot would."""
        url = f"{self._url}/{path}"
        project = Project(
            path=path, web_url=url, clone_url=f"{url}.git", default_branch="main", mark=mark
        )
        self.repositories[path.lower()] = Repository(project)
        return self.repositories[path.lower()]

    def finish_pipeline(
        self, project: str, sha: str, *, failed_job: str = "", log: str = ""
    ) -> None:
        """Let the newest pipeline of a commit run to its end, or to the job that fails with this log."""
        self._repository(project).finish_pipeline(sha, failed_job=failed_job, log=log)

    async def ensure_group(self, path: str, *, title: str) -> Group:  # noqa: ARG002 titles show nowhere here
        with self.around("ensure_group"):
            if path.lower() not in self.groups:
                self._check_new(path, what="group")
                group = Group(path=path, web_url=f"{self._url}/groups/{path}")
                self.groups[path.lower()] = group
            return self.groups[path.lower()]

    async def find_group(self, path: str) -> Group | None:
        with self.around("find_group"):
            return self.groups.get(path.lower())

    async def find_project(self, path: str) -> Project | None:
        with self.around("find_project"):
            found = self.repositories.get(path.lower())
            return found.project if found else None

    async def ensure_project(self, wanted: NewProject) -> Project:
        with self.around("ensure_project"):
            found = self.repositories.get(wanted.path.lower())
            if found is None:
                self._check_new(wanted.path, what="project")
                found = self.add_project(wanted.path, mark=wanted.mark)
                found.shown_as = wanted
            return _marked(found, wanted)

    async def fit_project(self, wanted: NewProject) -> Project:
        with self.around("fit_project"):
            found = self._writable(wanted.path)
            project = _marked(found, wanted)
            found.shown_as = wanted
            return project

    async def remove_project(self, path: str, *, mark: str) -> Removal:
        with self.around("remove_project"):
            found = self.repositories.get(path.lower())
            if found is None:
                return Removal.ABSENT
            if found.project.mark != mark:
                return Removal.NOT_OURS
            if self.delays_deletion or found.is_archived:
                found.is_archived = True
                return Removal.ARCHIVED
            del self.repositories[path.lower()]
            return Removal.DELETED

    async def ensure_first_files(
        self,
        project: str,
        files: Mapping[str, RenderedFile],
        *,
        message: str,
        branch: str = "main",
    ) -> Commit:
        with self.around("ensure_first_files"):
            found = self._repository(project)
            if branch in found.branches:
                return found.shown(found.branches[branch][0])
            return self._writable(project).commit(files, message=message, branch=branch)

    async def ensure_files(
        self,
        project: str,
        files: Mapping[str, RenderedFile],
        *,
        message: str,
        branch: str = "main",
    ) -> Commit:
        with self.around("ensure_files"):
            return self._writable(project).commit(files, message=message, branch=branch)

    async def remove_files(
        self, project: str, paths: Collection[str], *, message: str, branch: str = "main"
    ) -> Commit | None:
        with self.around("remove_files"):
            return self._writable(project).remove(paths, message=message, branch=branch)

    async def read_files(self, project: str, folder: str = "", *, ref: str) -> Mapping[str, bytes]:
        with self.around("read_files"):
            below = f"{folder.strip('/')}/".lstrip("/")
            files = self._files(project, ref)
            return {p: file.content for p, file in files.items() if p.startswith(below)}

    async def read_file(self, project: str, path: str, *, ref: str) -> bytes | None:
        with self.around("read_file"):
            found = self._files(project, ref).get(path)
            return found.content if found else None

    async def head(self, project: str, branch: str) -> Commit | None:
        with self.around("head"):
            found = self.repositories.get(project.lower())
            if found is None or branch not in found.branches:
                return None
            return found.shown(found.branches[branch][-1])

    async def ensure_push_access(self, project: str, *, to: str, variable: str) -> None:
        with self.around("ensure_push_access"):
            source, target = self._repository(project), self._repository(to)
            target.push_tokens_for.add(project)
            source.variables.add(variable)

    async def ensure_webhook(self, project: str, *, url: str) -> None:
        with self.around("ensure_webhook"):
            if not url.startswith(("http://", "https://")):
                raise PermanentError(f"“{url}” is no address for a webhook.", "Mend the address.")
            self._repository(project).webhooks.add(url)

    async def find_pipeline(self, project: str, sha: str) -> Pipeline | None:
        with self.around("find_pipeline"):
            found = self.repositories.get(project.lower())
            pipelines = found.pipelines.get(sha) if found else None
            return pipelines[-1] if pipelines else None

    async def log_tail(self, project: str, job_id: int, *, lines: int) -> str:
        with self.around("log_tail"):
            log = self._repository(project).logs.get(job_id)
            if log is None:
                raise PermanentError(f"There is no job {job_id} in {project}.", "Look again.")
            return "\n".join(log.splitlines()[-lines:])

    def _files(self, project: str, ref: str) -> Mapping[str, RenderedFile]:
        found = self.repositories.get(project.lower())
        snapshot = found.at(ref) if found else None
        return snapshot.files if snapshot else {}

    def _repository(self, path: str) -> Repository:
        found = self.repositories.get(path.lower())
        if found is None:
            raise PermanentError(f"There is no project {path}.", "Restore the project.")
        return found

    def _writable(self, path: str) -> Repository:
        found = self._repository(path)
        if found.is_archived:
            raise PermanentError(f"The project {path} is archived.", "Unarchive it, then retry.")
        return found

    def _check_new(self, path: str, *, what: str) -> None:
        """Refuse what a real host refuses: a missing parent, a bad path, a name that is taken."""
        parent, _, name = path.rpartition("/")
        if parent.lower() not in self.groups and (parent or what == "project"):
            raise PermanentError(f"There is no group {parent}.", "Create the group.")
        if not _PATH.fullmatch(name):
            raise PermanentError(f"“{name}” is no path for a {what}.", "Choose another name.")
        if path.lower() in self.groups.keys() | self.repositories.keys():
            raise PermanentError(f"The path {path} is taken.", "Choose another name.")


def _marked(found: Repository, wanted: NewProject) -> Project:
    if found.project.mark != wanted.mark:
        raise PermanentError(
            f"The project {wanted.path} exists already and was not made for this request.",
            "Choose another name.",
        )
    return found.project
