"""GitLab as the host of repositories and pipelines."""

import asyncio
import contextvars
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

import gitlab
import requests
from pydantic import SecretStr

import bot.adapters.gitlab_access as access
import bot.adapters.gitlab_files as repository
import bot.adapters.gitlab_pipelines as pipelines
import bot.adapters.gitlab_projects as projects
import bot.adapters.gitlab_removal as removal
from bot.adapters.gitlab_connection import GitLabConnection
from bot.adapters.gitlab_errors import refuse_busy, translated
from bot.ports.clock import Clock
from bot.ports.git_host import (
    Commit,
    Group,
    NewProject,
    Pipeline,
    Project,
    Removal,
    RenderedFile,
)

P = ParamSpec("P")
T = TypeVar("T")
_CONNECTIONS = 8
_BLOBS_KEPT = 2000


class GitLab:
    """python-gitlab behind a few threads of our own, the only ones in the bot.

    Nothing is repeated here: a request that may or may not have had its effect is the step's to look into.

    Args:
        url: the address at which GitLab answers people, without a path.
        token: an access token with the scope `api`.
        webhook_secret: what GitLab sends along with its webhooks.
        timeout: for each connection and each answer.
        clock: to date tokens and to read `Retry-After`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: SecretStr,
        webhook_secret: SecretStr,
        clock: Clock,
        timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        session = requests.Session()
        session.hooks["response"].append(refuse_busy)
        for scheme in ("http://", "https://"):
            session.mount(scheme, GitLabConnection(pool_maxsize=_CONNECTIONS))
        self._client = gitlab.Gitlab(
            url,
            private_token=token.get_secret_value(),
            timeout=timeout.total_seconds(),
            keep_base_url=True,
            user_agent="idp-bot",
            session=session,
        )
        self._webhook_secret = webhook_secret
        self._clock = clock
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="gitlab")
        self._blobs: dict[str, bytes] = {}

    async def close(self) -> None:
        """Let go of threads and connections; a request on its way ends by itself within the timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.session.close()

    async def _ask(
        self,
        doing: str,
        function: Callable[Concatenate[gitlab.Gitlab, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a call in a thread and say in our words what went wrong."""

        def call() -> T:
            return function(self._client, *args, **kwargs)

        context = contextvars.copy_context()  # whose attempt this is
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, context.run, call
            )
        except (gitlab.GitlabError, requests.RequestException) as error:
            raise translated(error, doing, now=self._clock()) from error

    async def ensure_group(self, path: str, *, title: str) -> Group:
        return await self._ask(f"create the group {path}", projects.ensure_group, path, title)

    async def find_group(self, path: str) -> Group | None:
        return await self._ask(f"look at the group {path}", projects.find_group, path)

    async def find_project(self, path: str) -> Project | None:
        return await self._ask(f"look at the project {path}", projects.find_project, path)

    async def ensure_project(self, wanted: NewProject) -> Project:
        doing = f"create the project {wanted.path}"
        return await self._ask(doing, projects.ensure_project, wanted)

    async def fit_project(self, wanted: NewProject) -> Project:
        return await self._ask(f"change the project {wanted.path}", projects.fit_project, wanted)

    async def remove_project(self, path: str, *, mark: str) -> Removal:
        doing = f"remove the project {path}"
        return await self._ask(doing, removal.remove_project, path, mark=mark)

    async def ensure_first_files(
        self,
        project: str,
        files: Mapping[str, RenderedFile],
        *,
        message: str,
        branch: str = "main",
    ) -> Commit:
        doing = f"make the first commit of {project}"
        ensure = repository.ensure_first_files
        return await self._ask(doing, ensure, project, files, message=message, branch=branch)

    async def ensure_files(
        self,
        project: str,
        files: Mapping[str, RenderedFile],
        *,
        message: str,
        branch: str = "main",
    ) -> Commit:
        doing = f"commit to {project}"
        ensure = repository.ensure_files
        return await self._ask(doing, ensure, project, files, message=message, branch=branch)

    async def remove_files(
        self, project: str, paths: Collection[str], *, message: str, branch: str = "main"
    ) -> Commit | None:
        doing = f"remove files from {project}"
        remove = removal.remove_files
        return await self._ask(doing, remove, project, paths, message=message, branch=branch)

    async def read_files(self, project: str, folder: str = "", *, ref: str) -> Mapping[str, bytes]:
        """Read the tree, then the contents side by side; contents by git name never change and are kept."""
        doing = f"read the files of {project}"

        def tree(client: gitlab.Gitlab) -> repository.Tree:
            lazy = client.projects.get(project, lazy=True)
            return repository.read_tree(lazy, ref=ref, folder=folder)

        entries = await self._ask(doing, tree)
        names = {entry["id"] for entry in entries.values()}
        kept = {name: self._blobs[name] for name in names if name in self._blobs}
        missing = sorted(names - kept.keys())
        contents = await asyncio.gather(
            *(self._ask(doing, repository.read_blob, project, name) for name in missing)
        )
        kept |= dict(zip(missing, contents, strict=True))
        self._blobs = dict(list((self._blobs | kept).items())[-_BLOBS_KEPT:])
        return {path: kept[entry["id"]] for path, entry in entries.items()}

    async def read_file(self, project: str, path: str, *, ref: str) -> bytes | None:
        doing = f"read {path} of {project}"
        return await self._ask(doing, repository.read_file, project, path, ref=ref)

    async def head(self, project: str, branch: str) -> Commit | None:
        return await self._ask(f"look at {branch} of {project}", repository.head, project, branch)

    async def ensure_push_access(self, project: str, *, to: str, variable: str) -> None:
        doing = f"let the pipelines of {project} push to {to}"
        today = self._clock().date()
        ensure = access.ensure_push_access
        await self._ask(doing, ensure, project, to=to, variable=variable, today=today)

    async def ensure_webhook(self, project: str, *, url: str) -> None:
        doing = f"add the webhook to {project}"
        secret = self._webhook_secret
        await self._ask(doing, access.ensure_webhook, project, url=url, secret=secret)

    async def find_pipeline(self, project: str, sha: str) -> Pipeline | None:
        doing = f"look at the pipelines of {project}"
        return await self._ask(doing, pipelines.find_pipeline, project, sha)

    async def log_tail(self, project: str, job_id: int, *, lines: int) -> str:
        doing = f"read the log of job {job_id} of {project}"
        return await self._ask(doing, pipelines.log_tail, project, job_id, lines=lines)
