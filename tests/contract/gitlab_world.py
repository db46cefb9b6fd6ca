"""A GitLab in a thread of its own, so that python-gitlab, git and httpx can be used as they are."""

import asyncio
import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gitlab
import httpx
import pytest
from gitlab.v4.objects import Group, Project, ProjectPipeline
from typing_extensions import override

from bot.sandbox.gitlab import GitLabInstance, Person, serve
from tests.plain_http import NO_CERTIFICATES

PEOPLE = (
    Person("ada", "Ada Okafor", "ada@example.com"),
    Person("bruno", "Bruno Lindt", "bruno@example.com"),
)
SECONDS = 30


@contextlib.contextmanager
def running(state: Path, *, port: int = 0) -> Iterator[GitLabInstance]:
    """Serve on a folder; leaving stops it as Ctrl-C would."""
    started: Future[GitLabInstance] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        try:
            async with serve(port=port, state_dir=state, people=PEOPLE) as instance:
                started.set_result(instance)
                await stop.wait()
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    try:
        yield started.result(SECONDS)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(SECONDS)
        loop.close()


@dataclass
class World:
    """One GitLab with a public group `idp` to work in; every test makes projects of its own."""

    instance: GitLabInstance
    group: Group
    admin: gitlab.Gitlab
    made: int = 0

    def client(self, token: str) -> gitlab.Gitlab:
        """python-gitlab with another token."""
        return gitlab.Gitlab(self.instance.url, private_token=token, timeout=SECONDS)

    def http(self, token: str | None = None) -> httpx.Client:
        """Plain HTTP, as the anonymous or with a bearer token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(
            base_url=self.instance.url,
            headers=headers,
            trust_env=False,
            timeout=SECONDS,
            verify=NO_CERTIFICATES,
        )

    def project(self, **settings: Any) -> Project:
        """A new, empty project."""
        self.made += 1
        wish = {
            "name": f"app-{self.made}",
            "namespace_id": self.group.id,
            "visibility": "internal",
        }
        made = self.admin.projects.create(wish | settings)
        assert isinstance(made, Project)
        return made

    def token_of(self, username: str, *scopes: str) -> str:
        """A token of somebody who is not an administrator."""
        user = self.admin.users.list(username=username, get_all=True)[0]
        made = user.personal_access_tokens.create(
            {"name": "test", "scopes": list(scopes) or ["api"]}
        )
        return str(made.token)

    def member(self, project: Project, username: str, level: int) -> gitlab.Gitlab:
        """A client of somebody with a role in a project."""
        user = self.admin.users.list(username=username, get_all=True)[0]
        project.members.create({"user_id": user.id, "access_level": level})
        return self.client(self.token_of(username))

    def clone_url(self, project: Project, token: str) -> str:
        """Where git clones from with this token."""
        address = self.instance.url.removeprefix("http://")
        return f"http://any:{token}@{address}/{project.path_with_namespace}.git"

    def creations(self) -> dict[str, dict[str, int]]:
        """What was created how often."""
        with self.http() as http:
            found: dict[str, dict[str, int]] = http.get("/sandbox/gitlab/creations").json()
        return found


@pytest.fixture(scope="module", name="world")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for the tests of a file."""
    with running(tmp_path_factory.mktemp("gitlab")) as instance:
        yield world_of(instance)


def world_of(instance: GitLabInstance) -> World:
    """The world of a server, whose group is made if it is missing."""
    admin = gitlab.Gitlab(instance.url, private_token=instance.token, timeout=SECONDS)
    known = admin.groups.list(search="idp", get_all=True)
    group = (
        known[0]
        if known
        else admin.groups.create({"name": "idp", "path": "idp", "visibility": "public"})
    )
    assert isinstance(group, Group)
    return World(instance, group, admin)


def message(refusal: pytest.ExceptionInfo[gitlab.GitlabError]) -> Any:
    """What the server said: a text, a list or a hash."""
    return refusal.value.error_message


def commit(project: Project, branch: str = "main", **files: str) -> Any:
    """Create files in one commit; `__` in a name is a slash, `_DOT_` a dot."""
    actions = [
        {
            "action": "create",
            "file_path": name.replace("__", "/").replace("_DOT_", "."),
            "content": text,
        }
        for name, text in files.items()
    ]
    return project.commits.create(
        {"branch": branch, "commit_message": "Add files", "actions": actions}
    )


def ci(project: Project, text: str, branch: str = "main") -> ProjectPipeline:
    """Commit a configuration and give its pipeline as it starts."""
    project.commits.create(
        {
            "branch": branch,
            "commit_message": "Run",
            "actions": [{"action": "create", "file_path": ".gitlab-ci.yml", "content": text}],
        }
    )
    found = project.pipelines.list(get_all=True)[0]
    assert isinstance(found, ProjectPipeline)
    return found


def finished(project: Project, pipeline_id: int) -> ProjectPipeline:
    """A pipeline once it rests."""
    rest = {"success", "failed", "canceled", "skipped", "manual"}
    eventually(lambda: project.pipelines.get(pipeline_id).status in rest)
    found = project.pipelines.get(pipeline_id)
    assert isinstance(found, ProjectPipeline)
    return found


def eventually(holds: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def git(*words: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git as somebody, never asking anything."""
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(cwd),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada Okafor" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
    }
    return subprocess.run(
        ["git", *words], cwd=cwd, env=env, check=check, capture_output=True, text=True
    )


@dataclass
class Receiver:
    """Takes webhooks, and answers as it is told."""

    url: str = ""
    status: int = 200
    received: list[tuple[dict[str, str], dict[str, Any], bytes]] = field(default_factory=list)

    def of(self, event: str) -> list[dict[str, Any]]:
        """The bodies of one kind of event."""
        return [body for headers, body, _ in self.received if headers["x-gitlab-event"] == event]


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks on a free port."""
    found = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            headers = {key.lower(): value for key, value in self.headers.items()}
            found.received.append((headers, json.loads(raw), raw))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_request(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
