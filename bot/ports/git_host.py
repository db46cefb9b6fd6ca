"""Where repositories live and pipelines run."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.request import Visibility
from bot.domain.value import Value


class RenderedFile(Value):
    """A file's content as it is to be committed."""

    content: bytes
    executable: bool = False


class Group(Value):
    """A namespace that holds projects and other groups."""

    path: str
    web_url: str


class NewProject(Value):
    """A project that is wanted; `mark` says whose it is (a job's id, or `platform`), so that a rerun knows its own."""

    path: str
    title: str
    description: str
    visibility: Visibility
    mark: str


class Project(Value):
    """A project that exists. `mark` is None when idp-bot did not make it."""

    path: str
    web_url: str
    clone_url: str
    default_branch: str
    mark: str | None


class Commit(Value):
    """A commit that exists."""

    sha: str
    web_url: str


class Removal(StrEnum):
    """What became of a project that was to go.

    A host that keeps deleted projects for days keeps their paths too, and people could mourn what they still need:
    there the project is archived, readable and closed, for a person to delete.
    """

    DELETED = "deleted"
    ARCHIVED = "archived"
    ABSENT = "absent"
    NOT_OURS = "not-ours"


class PipelineState(StrEnum):
    """How a pipeline or a job of it stands, reduced to what a wait must tell apart."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class PipelineJob(Value):
    """One job of a pipeline; `name` is the repository's own word.

    The pipeline passes although a job with `allow_failure` fails. A job that is not needed, or not yet, waits; `queued`
    is for how long it could have run and nobody took it. `failure` is the host's own word for why it failed.
    """

    id: int
    name: str
    state: PipelineState
    web_url: str
    allow_failure: bool = False
    queued: timedelta = timedelta()
    failure: str = ""


class Pipeline(Value):
    """A pipeline of one commit; jobs stand in the order in which they run.

    `problem` is the host's own word for a pipeline that could not even start, such as a mistake in its configuration.
    """

    web_url: str
    state: PipelineState
    jobs: tuple[PipelineJob, ...]
    problem: str = ""


class GitHost(Protocol):
    """Projects, commits, credentials and pipelines.

    Every `ensure_` method looks first and then makes, so a rerun finds what the first run made. All methods raise
    TemporaryError (network, 429, 5xx, timeouts) and PermanentError (refused, no right, path taken by somebody else).
    Paths are full paths such as `idp/payments/checkout-hello`.
    """

    async def ensure_group(self, path: str, *, title: str) -> Group:
        """Find or create a group; its parent must exist."""

    async def find_group(self, path: str) -> Group | None:
        """The group, or None where there is none that the bot can see."""

    async def find_project(self, path: str) -> Project | None:
        """The project, or None where there is none that the bot can see."""

    async def ensure_project(self, wanted: NewProject) -> Project:
        """Find the project that carries the mark, or create it.

        Raises:
            PermanentError: the path is taken by a project without this mark, or the namespace is missing.
        """

    async def fit_project(self, wanted: NewProject) -> Project:
        """Give a project that carries the mark the title, description and visibility that are wanted now.

        Raises:
            PermanentError: there is no such project, or it carries another mark.
        """

    async def remove_project(self, path: str, *, mark: str) -> Removal:
        """Take the project away, with all that hangs on it, if it carries the mark; else leave it as it is.

        Where the host only marks projects for deletion, it is archived instead. One that was archived before is
        ARCHIVED again, and one that somebody has marked for deletion counts as DELETED. A path that leads nowhere, or
        to a project that was renamed, is ABSENT.
        """

    async def ensure_first_files(
        self, project: str, files: Mapping[str, RenderedFile], *, message: str, branch: str = "main"
    ) -> Commit:
        """Commit these files to an empty repository; where the branch has commits already, return its very first one.

        What people or pipelines have changed since the first commit is left as it is.
        """

    async def ensure_files(
        self, project: str, files: Mapping[str, RenderedFile], *, message: str, branch: str = "main"
    ) -> Commit:
        """Commit the difference between the branch and these files, in one commit; other files stay as they are.

        An empty repository gets the branch. Without a difference nothing is committed and the latest commit that
        touched these files is returned. A concurrent change of the branch raises TemporaryError.
        """

    async def remove_files(
        self, project: str, paths: Collection[str], *, message: str, branch: str = "main"
    ) -> Commit | None:
        """Delete those of the files that are there, in one commit; None where the branch has none of them.

        A concurrent change of the files raises TemporaryError. A project that the bot cannot see is a PermanentError,
        for nobody knows whether the files are gone.
        """

    async def read_files(self, project: str, folder: str = "", *, ref: str) -> Mapping[str, bytes]:
        """The files below a folder by their full paths; empty where the folder, the ref or the project is missing."""

    async def read_file(self, project: str, path: str, *, ref: str) -> bytes | None:
        """A file's content; None where the file, the ref or the project is missing."""

    async def head(self, project: str, branch: str) -> Commit | None:
        """The newest commit of a branch, or None where there is no such branch."""

    async def ensure_push_access(self, project: str, *, to: str, variable: str) -> None:
        """Let the project's pipelines push to another project, by a token in a masked and protected CI/CD variable.

        The token's value never leaves the adapter. A variable with a live token behind it is left as it is.
        """

    async def ensure_webhook(self, project: str, *, url: str) -> None:
        """Have the host call the URL on pushes and pipeline changes, with the secret that the adapter was given."""

    async def find_pipeline(self, project: str, sha: str) -> Pipeline | None:
        """The newest pipeline of the commit with its jobs, or None where none was created yet."""

    async def log_tail(self, project: str, job_id: int, *, lines: int) -> str:
        """The last lines of a job's log, without terminal colours."""
