"""What the bot may expect of any Git host: in memory, or GitLab."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.adapters.gitlab import GitLab
from bot.adapters.memory.git_host import MemoryGitHost
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.request import Visibility
from bot.ports.git_host import (
    Commit,
    GitHost,
    NewProject,
    Pipeline,
    PipelineState,
    Project,
    Removal,
    RenderedFile,
)
from bot.sandbox import gitlab as sandbox
from bot.sandbox.gitlab import GitLabInstance
from tests.colleague import eventually
from tests.plain_http import NO_CERTIFICATES

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = SecretStr("the webhooks' secret")
PATIENCE = 30.0
NUMBERS = itertools.count(1)
CONFIGURATION = """
stages: [verify, package]
lint: {stage: verify, script: ["echo linted"]}
build: {stage: package, script: ["echo built"]}
"""
BROKEN = CONFIGURATION.replace("echo linted", "echo went wrong; exit 1")
DONE = {PipelineState.PASSED, PipelineState.FAILED}


def text(content: str, *, executable: bool = False) -> RenderedFile:
    return RenderedFile(content=content.encode(), executable=executable)


FILES = {
    "README.md": text("# Hello\n"),
    "bin/run": text("#!/bin/sh\n", executable=True),
    "docs/odd näme.txt": text("ä\r\n"),
    "logo.png": RenderedFile(content=b"\x89PNG\0\xff"),
}


@dataclass
class Subject:
    """A Git host with an empty group, and the hands of somebody other than the bot."""

    git: GitHost
    group: str
    add_project: Callable[[str], Awaitable[None]]
    settled: Callable[[str, Commit], Awaitable[Pipeline]]
    shown: Callable[[str], Awaitable[tuple[str, str]]]

    def wanted(self, slug: str = "hello", **changes: Any) -> NewProject:
        """A project to ask for."""
        project = NewProject(
            path=f"{self.group}/{slug}",
            title="Hello",
            description="Says hello.",
            visibility=Visibility.INTERNAL,
            mark="job-1",
        )
        return project.model_copy(update=changes)

    async def project(self, slug: str = "hello") -> str:
        """A project that the bot made."""
        wanted = self.wanted(slug)
        await self.git.ensure_project(wanted)
        return wanted.path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gitlab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GitLabInstance]:
    folder: Path = tmp_path_factory.mktemp("gitlab")
    async with sandbox.serve(port=0, state_dir=folder, people=()) as instance:
        yield instance


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(gitlab: GitLabInstance) -> AsyncIterator[GitLab]:
    bot = GitLab(
        gitlab.url,
        token=SecretStr(gitlab.token),
        webhook_secret=SECRET,
        clock=lambda: datetime.now(UTC),
    )
    yield bot
    await bot.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(gitlab: GitLabInstance) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"PRIVATE-TOKEN": gitlab.token}
    async with httpx.AsyncClient(
        base_url=f"{gitlab.url}/api/v4", headers=headers, verify=NO_CERTIFICATES
    ) as admin:
        yield admin


@pytest_asyncio.fixture(params=["memory", "gitlab"], loop_scope="module")
async def subject(request: pytest.FixtureRequest, bot: GitLab, admin: httpx.AsyncClient) -> Subject:
    group = f"team-{next(NUMBERS)}"
    made = _memory(group) if request.param == "memory" else _gitlab(group, bot, admin)
    await made.git.ensure_group(group, title=f"Team {group}")
    return made


def _memory(group: str) -> Subject:
    memory = MemoryGitHost()

    async def add_project(path: str) -> None:
        memory.add_project(path)

    async def settled(project: str, commit: Commit) -> Pipeline:
        before = await memory.find_pipeline(project, commit.sha)
        assert before is not None
        if before.state not in DONE:
            configuration = (await memory.read_files(project, ref=commit.sha))[".gitlab-ci.yml"]
            failed = "lint" if b"exit 1" in configuration else ""
            memory.finish_pipeline(project, commit.sha, failed_job=failed, log="went wrong")
        after = await memory.find_pipeline(project, commit.sha)
        assert after is not None
        return after

    async def shown(path: str) -> tuple[str, str]:
        looks = memory.repositories[path].shown_as
        assert looks
        return looks.title, str(looks.visibility)

    return Subject(memory, group, add_project, settled, shown)


def _gitlab(group: str, bot: GitLab, admin: httpx.AsyncClient) -> Subject:
    async def add_project(path: str) -> None:
        parent, _, slug = path.rpartition("/")
        found = (await admin.get(f"/groups/{parent.replace('/', '%2F')}")).json()
        body = {"path": slug, "name": slug, "namespace_id": found["id"]}
        assert (await admin.post("/projects", json=body)).status_code == 201

    async def settled(project: str, commit: Commit) -> Pipeline:
        async with asyncio.timeout(PATIENCE):
            while True:
                pipeline = await bot.find_pipeline(project, commit.sha)
                if pipeline and pipeline.state in DONE:
                    return pipeline
                await asyncio.sleep(0.05)

    async def shown(path: str) -> tuple[str, str]:
        found = (await admin.get(f"/projects/{path.replace('/', '%2F')}")).json()
        return found["name"], found["visibility"]

    return Subject(bot, group, add_project, settled, shown)


async def test_what_nobody_made_is_not_there(subject: Subject) -> None:
    nowhere = f"{subject.group}/nowhere"
    assert await subject.git.find_group(nowhere) is None
    assert await subject.git.find_project(nowhere) is None
    assert await subject.git.head(nowhere, "main") is None
    assert await subject.git.read_files(nowhere, ref="main") == {}
    assert await subject.git.find_pipeline(nowhere, "0" * 40) is None


async def test_a_group_is_made_once(subject: Subject) -> None:
    path = f"{subject.group}/payments"
    first = await subject.git.ensure_group(path, title="Payments & co. <b>!")
    second = await subject.git.ensure_group(path, title="Another title")
    assert first == second == await subject.git.find_group(path)
    assert first.path == path


async def test_a_group_needs_its_parent(subject: Subject) -> None:
    with pytest.raises(PermanentError, match=r"no .*group nowhere"):
        await subject.git.ensure_group("nowhere/payments", title="Payments")


async def test_a_project_is_made_once_and_knows_whose_it_is(subject: Subject) -> None:
    first = await subject.git.ensure_project(subject.wanted())
    second = await subject.git.ensure_project(subject.wanted(title="Another title"))
    assert first == second == await subject.git.find_project(f"{subject.group}/hello")
    assert (first.mark, first.default_branch) == ("job-1", "main")
    assert first.clone_url == f"{first.web_url}.git"


async def test_a_project_of_ours_is_made_to_fit_and_keeps_its_mark(subject: Subject) -> None:
    path = await subject.project()
    wanted = subject.wanted(title="Hello again", visibility=Visibility.PRIVATE)

    fitted = await subject.git.fit_project(wanted)
    again = await subject.git.fit_project(wanted)

    assert await subject.shown(path) == ("Hello again", "private")
    assert fitted == again == await subject.git.find_project(path)
    assert fitted.mark == "job-1"


async def test_a_title_that_a_neighbour_has_is_not_taken_and_the_rest_fits(
    subject: Subject,
) -> None:
    await subject.git.ensure_project(subject.wanted("neighbour", title="Taken"))
    path = await subject.project()

    await subject.git.fit_project(subject.wanted(title="Taken", visibility=Visibility.PRIVATE))

    _, visibility = await subject.shown(path)
    assert visibility == "private"


async def test_a_project_of_somebody_else_is_not_made_to_fit(subject: Subject) -> None:
    path = f"{subject.group}/theirs"
    await subject.add_project(path)

    with pytest.raises(PermanentError):
        await subject.git.fit_project(subject.wanted("theirs"))
    with pytest.raises(PermanentError):
        await subject.git.fit_project(subject.wanted("nowhere"))


async def test_a_project_of_the_platform_is_marked_as_such(subject: Subject) -> None:
    made = await subject.git.ensure_project(subject.wanted(mark="platform"))
    assert made.mark == "platform"


async def test_a_project_of_another_job_is_not_taken_over(subject: Subject) -> None:
    await subject.git.ensure_project(subject.wanted())
    with pytest.raises(PermanentError, match="was not made for this request"):
        await subject.git.ensure_project(subject.wanted(mark="job-2"))


async def test_a_project_that_somebody_made_has_no_mark_and_is_not_taken_over(
    subject: Subject,
) -> None:
    await subject.add_project(f"{subject.group}/hello")
    found = await subject.git.find_project(f"{subject.group}/hello")
    assert found is not None
    assert found.mark is None
    with pytest.raises(PermanentError, match="was not made for this request"):
        await subject.git.ensure_project(subject.wanted())


async def test_no_description_forges_a_mark(subject: Subject) -> None:
    hostile = "Nice.\n\nMade by idp-bot for job job-9.\n\u2028Made by idp-bot for the platform."
    made = await subject.git.ensure_project(subject.wanted(description=hostile))
    assert made.mark == "job-1"


async def test_two_projects_of_one_group_may_have_the_same_title(subject: Subject) -> None:
    await subject.git.ensure_project(subject.wanted("one"))
    made = await subject.git.ensure_project(subject.wanted("two"))
    assert made.path == f"{subject.group}/two"


async def test_a_project_needs_its_group(subject: Subject) -> None:
    with pytest.raises(PermanentError, match=r"no .*group nowhere"):
        await subject.git.ensure_project(subject.wanted(path="nowhere/hello"))


async def test_a_path_that_the_host_cannot_have_is_refused(subject: Subject) -> None:
    with pytest.raises(PermanentError):
        await subject.git.ensure_project(subject.wanted(path=f"{subject.group}/-bad-.git"))


async def test_several_workers_with_one_mark_make_one_project(subject: Subject) -> None:
    asked = (subject.git.ensure_project(subject.wanted()) for _ in range(4))
    made = await asyncio.gather(*asked)
    assert len(set(made)) == 1


async def test_of_several_marks_one_wins_and_the_others_are_told(subject: Subject) -> None:
    asked = (subject.git.ensure_project(subject.wanted(mark=f"job-{n}")) for n in range(4))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, Project)]
    lost = [answer for answer in answers if isinstance(answer, PermanentError)]
    assert (len(won), len(lost)) == (1, 3)


async def test_files_are_committed_byte_for_byte(subject: Subject) -> None:
    project = await subject.project()
    commit = await subject.git.ensure_files(project, FILES, message="Start")
    read = await subject.git.read_files(project, ref="main")
    assert read == {path: file.content for path, file in FILES.items()}
    assert await subject.git.head(project, "main") == commit
    assert await subject.git.read_files(project, ref=commit.sha) == read


async def test_the_same_files_again_make_no_second_commit(subject: Subject) -> None:
    project = await subject.project()
    first = await subject.git.ensure_files(project, FILES, message="Start")
    assert await subject.git.ensure_files(project, FILES, message="Start") == first
    assert await subject.git.head(project, "main") == first


async def test_a_rerun_finds_its_own_commit_behind_those_of_others(subject: Subject) -> None:
    project = await subject.project()
    first = await subject.git.ensure_files(project, FILES, message="Start")
    await subject.git.ensure_files(project, {"image.yaml": text("tag: 1\n")}, message="Deploy")
    assert await subject.git.ensure_files(project, FILES, message="Start") == first


async def test_only_what_differs_is_changed_and_other_files_stay(subject: Subject) -> None:
    project = await subject.project()
    first = await subject.git.ensure_files(project, FILES, message="Start")
    changed = {**FILES, "README.md": text("# Bye\n"), "new.txt": text("")}
    second = await subject.git.ensure_files(project, changed, message="Change")
    third = await subject.git.ensure_files(project, {"new.txt": text("x")}, message="More")
    assert len({first, second, third}) == 3
    files = await subject.git.read_files(project, ref="main")
    assert (files["README.md"], files["new.txt"], len(files)) == (b"# Bye\n", b"x", 5)


async def test_the_executable_bit_alone_is_a_change(subject: Subject) -> None:
    project = await subject.project()
    first = await subject.git.ensure_files(project, {"run": text("x")}, message="Start")
    run = {"run": text("x", executable=True)}
    second = await subject.git.ensure_files(project, run, message="Make it run")
    assert second != first
    assert await subject.git.ensure_files(project, run, message="Make it run") == second


async def test_the_first_files_are_committed_once_and_what_came_later_is_left_alone(
    subject: Subject,
) -> None:
    project = await subject.project()
    first = await subject.git.ensure_first_files(project, FILES, message="Start")
    changed = {"README.md": text("# Mine\n")}
    await subject.git.ensure_files(project, changed, message="Make it mine")
    await subject.git.ensure_files(project, {"image.yaml": text("tag: 1\n")}, message="Deploy")
    assert await subject.git.ensure_first_files(project, FILES, message="Start") == first
    assert (await subject.git.read_files(project, ref="main"))["README.md"] == b"# Mine\n"


async def test_several_workers_that_start_a_repository_make_one_commit(subject: Subject) -> None:
    project = await subject.project()
    asked = (subject.git.ensure_first_files(project, FILES, message="Start") for _ in range(4))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {Commit, TemporaryError}
    commits = {answer for answer in answers if isinstance(answer, Commit)}
    assert commits == {await subject.git.head(project, "main")}


async def test_a_new_branch_starts_from_the_default_one(subject: Subject) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, FILES, message="Start")
    await subject.git.ensure_files(project, {"x": text("x")}, message="Try", branch="try")
    assert "README.md" in await subject.git.read_files(project, ref="try")
    assert "x" not in await subject.git.read_files(project, ref="main")


async def test_a_folder_is_read_alone(subject: Subject) -> None:
    project = await subject.project()
    files = {"docs/a.md": text("a"), "docs/b/c.md": text("c"), "docs2/d.md": text("d")}
    await subject.git.ensure_files(project, files, message="Start")
    read = await subject.git.read_files(project, "docs", ref="main")
    assert read == {"docs/a.md": b"a", "docs/b/c.md": b"c"}
    assert await subject.git.read_files(project, "none", ref="main") == {}
    assert await subject.git.read_files(project, ref="none") == {}


@pytest.mark.parametrize("path", ["README.md", "docs/a b#c?.md", "logo.png"])
async def test_one_file_is_read_alone(subject: Subject, path: str) -> None:
    project = await subject.project()
    files = {**FILES, path: RenderedFile(content=b"\0one\xff\n")}
    first = await subject.git.ensure_files(project, files, message="Start")
    await subject.git.ensure_files(project, {path: text("two")}, message="Change")

    assert await subject.git.read_file(project, path, ref="main") == b"two"
    assert await subject.git.read_file(project, path, ref=first.sha) == b"\0one\xff\n"


async def test_a_file_that_is_not_there_is_nothing(subject: Subject) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, {"docs/a.md": text("a")}, message="Start")

    for path, ref in (("docs/b.md", "main"), ("docs", "main"), ("docs/a.md", "none")):
        assert await subject.git.read_file(project, path, ref=ref) is None
    assert await subject.git.read_file(f"{project}-gone", "docs/a.md", ref="main") is None


async def test_more_files_than_fit_on_a_page_are_all_there(subject: Subject) -> None:
    project = await subject.project()
    files = {f"many/{n:03}.txt": text(str(n)) for n in range(120)}
    first = await subject.git.ensure_files(project, files, message="Start")
    assert len(await subject.git.read_files(project, ref="main")) == 120
    assert await subject.git.ensure_files(project, files, message="Start") == first


async def test_files_of_a_project_that_is_gone_are_refused(subject: Subject) -> None:
    with pytest.raises(PermanentError, match=r"no .*project"):
        await subject.git.ensure_files(f"{subject.group}/gone", FILES, message="Start")


async def test_several_workers_that_commit_the_same_make_one_commit(subject: Subject) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, FILES, message="Start")
    change = {"README.md": text("# Bye\n")}
    asked = (subject.git.ensure_files(project, change, message="Change") for _ in range(6))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {Commit, TemporaryError}
    commits = {answer for answer in answers if isinstance(answer, Commit)}
    assert commits == {await subject.git.head(project, "main")}


async def test_a_pipeline_that_passes_shows_its_jobs_in_running_order(subject: Subject) -> None:
    project = await subject.project()
    files = {".gitlab-ci.yml": text(CONFIGURATION)}
    commit = await subject.git.ensure_files(project, files, message="Start")
    pipeline = await subject.settled(project, commit)
    assert (pipeline.state, pipeline.problem) == (PipelineState.PASSED, "")
    assert [job.name for job in pipeline.jobs] == ["lint", "build"]
    assert {job.state for job in pipeline.jobs} == {PipelineState.PASSED}


async def test_a_failed_job_is_shown_with_the_end_of_its_log_and_what_follows_never_ran(
    subject: Subject,
) -> None:
    project = await subject.project()
    files = {".gitlab-ci.yml": text(BROKEN)}
    commit = await subject.git.ensure_files(project, files, message="Start")
    pipeline = await subject.settled(project, commit)
    states = [job.state for job in pipeline.jobs]
    assert pipeline.state is PipelineState.FAILED
    assert states == [PipelineState.FAILED, PipelineState.WAITING]
    assert [job.failure for job in pipeline.jobs] == ["script_failure", ""]
    log = await subject.git.log_tail(project, pipeline.jobs[0].id, lines=5)
    assert "went wrong" in log
    assert "\x1b" not in log
    assert len(log.splitlines()) <= 5


async def test_a_pipeline_that_cannot_start_says_why(subject: Subject) -> None:
    project = await subject.project()
    files = {".gitlab-ci.yml": text("stages: [verify]\n")}
    commit = await subject.git.ensure_files(project, files, message="Start")
    pipeline = await subject.settled(project, commit)
    assert pipeline.state is PipelineState.FAILED
    assert "visible job" in pipeline.problem


async def test_a_commit_without_a_pipeline_has_none(subject: Subject) -> None:
    project = await subject.project()
    commit = await subject.git.ensure_files(project, FILES, message="Start")
    assert await subject.git.find_pipeline(project, commit.sha) is None


async def test_the_log_of_a_job_that_is_not_there_is_refused(subject: Subject) -> None:
    project = await subject.project()
    with pytest.raises(PermanentError):
        await subject.git.log_tail(project, 999_999, lines=5)


async def test_push_access_needs_both_projects(subject: Subject) -> None:
    project = await subject.project()
    with pytest.raises(PermanentError, match=r"no .*project"):
        await subject.git.ensure_push_access(project, to=f"{project}-gone", variable="TOKEN")


async def _access(
    admin: httpx.AsyncClient, source: str, target: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The source's variables and the target's live tokens."""
    source_id, target_id = (path.replace("/", "%2F") for path in (source, target))
    variables = (await admin.get(f"/projects/{source_id}/variables")).json()
    tokens = (await admin.get(f"/projects/{target_id}/access_tokens")).json()
    return variables, [token for token in tokens if token["active"]]


@pytest_asyncio.fixture(loop_scope="module")
async def pair(bot: GitLab, admin: httpx.AsyncClient) -> tuple[str, str]:
    """An application's repository and the one that it deploys to, in GitLab."""
    made = _gitlab(f"team-{next(NUMBERS)}", bot, admin)
    await bot.ensure_group(made.group, title=made.group)
    return await made.project("hello"), await made.project("hello-deployment")


async def test_the_token_pushes_to_a_protected_branch_and_is_masked_and_never_logged(
    bot: GitLab,
    admin: httpx.AsyncClient,
    pair: tuple[str, str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source, target = pair
    await bot.ensure_files(target, {"a": text("a")}, message="Start")
    with caplog.at_level(logging.DEBUG):
        await bot.ensure_push_access(source, to=target, variable="DEPLOYMENT_TOKEN")
    (variable,), (token,) = await _access(admin, source, target)
    assert (variable["masked"], variable["protected"]) == (True, True)
    assert (token["scopes"], token["access_level"]) == (["write_repository"], 40)
    assert variable["value"] not in caplog.text
    await _push(str(admin.base_url), target, variable["value"], tmp_path)
    assert "b" in await bot.read_files(target, ref="main")


async def _push(url: str, project: str, token: str, folder: Path) -> None:
    remote = url.replace("://", f"://deploy:{token}@").removesuffix("/api/v4/")
    script = f"""
        git clone -q {remote}/{project}.git work && cd work && echo b > b && git add b
        git -c user.name=ci -c user.email=ci@example.com commit -q -m deploy
        git push -q origin HEAD:main
    """
    pushing = await asyncio.create_subprocess_exec("sh", "-ec", script, cwd=folder)
    assert await pushing.wait() == 0


async def test_push_access_that_stands_is_left_as_it_is(
    bot: GitLab, admin: httpx.AsyncClient, pair: tuple[str, str]
) -> None:
    source, target = pair
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    before = await _access(admin, source, target)
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    assert await _access(admin, source, target) == before


async def test_an_attempt_that_was_cut_after_the_token_leaves_no_second_one(
    bot: GitLab, admin: httpx.AsyncClient, pair: tuple[str, str]
) -> None:
    source, target = pair
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    await admin.delete(f"/projects/{source.replace('/', '%2F')}/variables/TOKEN")
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    variables, tokens = await _access(admin, source, target)
    assert (len(variables), len(tokens)) == (1, 1)


async def _is_held(box: httpx.AsyncClient) -> bool:
    return bool((await box.get("/sandbox/gitlab/hold")).json()["held"])


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_worker_that_wakes_up_after_another_one_was_faster_leaves_no_second_token(
    bot: GitLab,
    admin: httpx.AsyncClient,
    gitlab: GitLabInstance,
    pair: tuple[str, str],
    when: str,
) -> None:
    source, target = pair
    async with httpx.AsyncClient(base_url=gitlab.url, verify=NO_CERTIFICATES) as box:
        wish = {"method": "POST", "path_regex": "/access_tokens$", "when": when}
        await box.post("/sandbox/gitlab/hold", json=wish)
        late = asyncio.ensure_future(bot.ensure_push_access(source, to=target, variable="TOKEN"))
        await eventually(lambda: _is_held(box))
        await bot.ensure_push_access(source, to=target, variable="TOKEN")
        before = await _access(admin, source, target)
        await box.post("/sandbox/gitlab/release")
    await late

    assert await _access(admin, source, target) == before
    assert len(before[1]) == 1


async def test_a_variable_whose_token_was_revoked_gets_a_new_one(
    bot: GitLab, admin: httpx.AsyncClient, pair: tuple[str, str]
) -> None:
    source, target = pair
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    (before,), (token,) = await _access(admin, source, target)
    await admin.delete(f"/projects/{target.replace('/', '%2F')}/access_tokens/{token['id']}")
    await bot.ensure_push_access(source, to=target, variable="TOKEN")
    (after,), tokens = await _access(admin, source, target)
    assert after["value"] != before["value"]
    assert len(tokens) == 1


async def test_a_webhook_is_added_once_and_tells_of_pushes_and_pipelines(
    bot: GitLab, admin: httpx.AsyncClient, pair: tuple[str, str]
) -> None:
    project, _ = pair
    for _ in range(2):
        await bot.ensure_webhook(project, url="http://127.0.0.1:9/gitlab")
    (hook,) = (await admin.get(f"/projects/{project.replace('/', '%2F')}/hooks")).json()
    assert (hook["push_events"], hook["pipeline_events"]) == (True, True)


async def test_an_address_that_is_none_gets_no_webhook(subject: Subject) -> None:
    project = await subject.project()
    with pytest.raises(PermanentError):
        await subject.git.ensure_webhook(project, url="not an address")


async def test_a_token_that_gitlab_does_not_know_is_refused_with_the_fix(
    gitlab: GitLabInstance,
) -> None:
    stranger = GitLab(
        gitlab.url,
        token=SecretStr("wrong"),
        webhook_secret=SECRET,
        clock=lambda: datetime.now(UTC),
    )
    with pytest.raises(PermanentError, match="GITLAB_TOKEN"):
        await stranger.find_project("team/hello")
    await stranger.close()


async def test_a_token_that_may_only_read_is_refused_with_the_fix(gitlab: GitLabInstance) -> None:
    reader = GitLab(
        gitlab.url,
        token=SecretStr(gitlab.read_token),
        webhook_secret=SECRET,
        clock=lambda: datetime.now(UTC),
    )
    with pytest.raises(PermanentError, match="GITLAB_TOKEN"):
        await reader.ensure_group("mine", title="Mine")
    await reader.close()


@pytest_asyncio.fixture(params=[False, True], ids=["at once", "delayed"], loop_scope="module")
async def patient(
    request: pytest.FixtureRequest, subject: Subject, admin: httpx.AsyncClient
) -> AsyncIterator[Subject]:
    """A Git host that deletes at once, or one that keeps deleted projects for days."""
    await _delay_deletion(subject, admin, days=7 if request.param else 0)
    yield subject
    await _delay_deletion(subject, admin, days=0)


async def _delay_deletion(subject: Subject, admin: httpx.AsyncClient, *, days: int) -> None:
    if isinstance(subject.git, MemoryGitHost):
        subject.git.delays_deletion = bool(days)
        return
    settings = {"deletion_adjourned_period": days}
    assert (await admin.put("/application/settings", json=settings)).status_code == 200


async def test_a_project_with_the_mark_is_removed_with_all_that_hangs_on_it(
    subject: Subject,
) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, FILES, message="Start")
    assert await subject.git.remove_project(project, mark="job-1") is Removal.DELETED
    assert await subject.git.find_project(project) is None
    assert await subject.git.read_files(project, ref="main") == {}
    assert await subject.git.remove_project(project, mark="job-1") is Removal.ABSENT
    made = await subject.git.ensure_project(subject.wanted(mark="job-2"))
    assert made.mark == "job-2"


async def test_where_deletion_is_delayed_a_project_is_archived_and_can_be_read(
    subject: Subject, admin: httpx.AsyncClient
) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, FILES, message="Start")
    await _delay_deletion(subject, admin, days=7)
    answers = [await subject.git.remove_project(project, mark="job-1") for _ in range(2)]
    await _delay_deletion(subject, admin, days=0)
    assert answers == [Removal.ARCHIVED, Removal.ARCHIVED]
    assert await subject.git.find_project(project) is not None
    assert "README.md" in await subject.git.read_files(project, ref="main")
    with pytest.raises(PermanentError):
        await subject.git.ensure_files(project, {"x": text("x")}, message="Change")
    assert await subject.git.remove_project(project, mark="job-1") is Removal.ARCHIVED


async def test_a_project_of_somebody_else_is_left_as_it_is(patient: Subject) -> None:
    project = await patient.project("ours")
    theirs = f"{patient.group}/theirs"
    await patient.add_project(theirs)
    assert await patient.git.remove_project(project, mark="job-2") is Removal.NOT_OURS
    assert await patient.git.remove_project(theirs, mark="job-1") is Removal.NOT_OURS
    for path in (project, theirs):
        assert await patient.git.find_project(path) is not None
        await patient.git.ensure_files(path, {"x": text("x")}, message="Still open")


async def test_a_project_that_never_was_is_absent(patient: Subject) -> None:
    nowhere = f"{patient.group}/nowhere"
    assert await patient.git.remove_project(nowhere, mark="job-1") is Removal.ABSENT


async def test_several_workers_that_remove_a_project_agree_that_it_is_gone(
    patient: Subject,
) -> None:
    project = await patient.project()
    asked = (patient.git.remove_project(project, mark="job-1") for _ in range(4))
    answers = set(await asyncio.gather(*asked))
    assert answers <= {Removal.DELETED, Removal.ABSENT} or answers == {Removal.ARCHIVED}


async def test_files_are_removed_in_one_commit_and_others_stay(subject: Subject) -> None:
    project = await subject.project()
    first = await subject.git.ensure_files(project, FILES, message="Start")
    gone = ("README.md", "docs/odd näme.txt", "never/there.txt")
    commit = await subject.git.remove_files(project, gone, message="Take back")
    assert commit is not None
    assert commit == await subject.git.head(project, "main") != first
    assert set(await subject.git.read_files(project, ref="main")) == {"bin/run", "logo.png"}
    assert await subject.git.remove_files(project, gone, message="Take back") is None
    assert await subject.git.head(project, "main") == commit


async def test_nothing_is_removed_where_nothing_is(subject: Subject) -> None:
    project = await subject.project()
    assert await subject.git.remove_files(project, ["README.md"], message="Take back") is None
    await subject.git.ensure_files(project, FILES, message="Start")
    gone = await subject.git.remove_files(project, FILES, message="Take back", branch="nowhere")
    assert gone is None
    assert await subject.git.head(project, "nowhere") is None


async def test_files_of_a_project_that_nobody_can_see_are_not_said_to_be_gone(
    subject: Subject,
) -> None:
    with pytest.raises(PermanentError, match=r"no .*project"):
        await subject.git.remove_files(f"{subject.group}/gone", ["x"], message="Take back")


async def test_several_workers_that_remove_the_same_file_make_one_commit(
    subject: Subject,
) -> None:
    project = await subject.project()
    await subject.git.ensure_files(project, FILES, message="Start")
    asked = (
        subject.git.remove_files(project, ["README.md"], message="Take back") for _ in range(4)
    )
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {Commit, TemporaryError, type(None)}
    commits = {answer for answer in answers if isinstance(answer, Commit)}
    assert commits == {await subject.git.head(project, "main")}
