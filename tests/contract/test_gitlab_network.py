"""What the GitLab adapter does when the network, or what stands between, misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from bot.adapters.gitlab import GitLab
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.request import Visibility
from bot.ports.git_host import GitHost, NewProject, Removal

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
Answer = Callable[[web.Request], web.StreamResponse]
GROUP = {
    "id": 7,
    "full_path": "team",
    "web_url": "https://gitlab.test/groups/team",
    "visibility": "public",
}


class Host:
    """A GitLab that gives the answers it is told to, and counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Answer = lambda _: web.json_response({}, status=404)
        self.delay = 0.0
        self.url = ""

    async def respond(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.raw_path}")
        await asyncio.sleep(self.delay)
        return self.answer(request)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", host.respond)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield host
    await runner.cleanup()


@pytest_asyncio.fixture
async def git(host: Host) -> AsyncIterator[GitHost]:
    git = _git(host.url)
    yield git
    await git.close()


def _git(url: str) -> GitLab:
    return GitLab(
        url,
        token=SecretStr("token"),
        webhook_secret=SecretStr("secret"),
        clock=lambda: NOW,
        timeout=timedelta(seconds=0.5),
    )


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [
        (429, "7", 7),
        (429, "Mon, 05 Jan 2026 09:00:30 GMT", 30),
        (429, "86400", 3600),
        (503, "5", 5),
    ],
)
async def test_a_busy_host_is_believed_and_not_waited_for_here(
    host: Host, git: GitHost, status: int, retry_after: str, wait: int
) -> None:
    headers = {"Retry-After": retry_after}
    host.answer = lambda _: web.Response(status=status, text="Retry later", headers=headers)
    with pytest.raises(TemporaryError) as raised:
        await git.find_project("team/hello")
    assert raised.value.retry_after == timedelta(seconds=wait)
    assert len(host.asked) == 1


async def test_a_busy_host_without_a_wish_leaves_the_pause_to_the_runner(
    host: Host, git: GitHost
) -> None:
    host.answer = lambda _: web.Response(status=429, text="Retry later")
    with pytest.raises(TemporaryError) as raised:
        await git.find_project("team/hello")
    assert raised.value.retry_after is None


async def test_nothing_is_created_twice_by_itself(host: Host, git: GitHost) -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        is_group = request.path.endswith("/groups/team")
        return web.json_response(GROUP if is_group else {}, status=200 if is_group else 404)

    host.answer = answer
    wanted = NewProject(
        path="team/hello",
        title="Hello",
        description="Hello",
        visibility=Visibility.PRIVATE,
        mark="job-1",
    )
    with pytest.raises(TemporaryError, match="502"):
        await git.ensure_project(wanted)
    assert [question for question in host.asked if question.startswith("POST")] == [
        "POST /api/v4/projects"
    ]


async def test_a_path_is_asked_for_in_one_piece(host: Host, git: GitHost) -> None:
    await git.find_project("idp/payments/hello")
    assert host.asked == ["GET /api/v4/projects/idp%2Fpayments%2Fhello"]


async def test_a_slow_answer_is_not_waited_for_for_ever(host: Host, git: GitHost) -> None:
    host.delay = 1
    with pytest.raises(TemporaryError, match="did not answer in time"):
        await git.find_project("team/hello")


async def test_a_host_that_nobody_serves_is_asked_again() -> None:
    git = _git("http://127.0.0.1:1")
    with pytest.raises(TemporaryError, match="could not be reached"):
        await git.find_project("team/hello")
    await git.close()


async def test_a_sign_in_page_in_between_is_recognised(host: Host, git: GitHost) -> None:
    page = "<html>Sign in</html>"
    host.answer = lambda _: web.Response(text=page, content_type="text/html")
    with pytest.raises(PermanentError, match="not GitLab's API"):
        await git.find_project("team/hello")


async def test_the_old_name_of_a_renamed_project_is_no_project(host: Host, git: GitHost) -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/projects/9"):
            renamed = {"id": 9, "path_with_namespace": "team/renamed", "description": None}
            return web.json_response(renamed)
        raise web.HTTPMovedPermanently("/api/v4/projects/9")

    host.answer = answer
    assert await git.find_project("team/hello") is None


@pytest.mark.parametrize("date", ["marked_for_deletion_on", "marked_for_deletion_at"])
async def test_a_deleted_project_that_still_holds_its_name_is_not_adopted(
    host: Host, git: GitHost, date: str
) -> None:
    wanted = NewProject(
        path="team/hello",
        title="Hello",
        description="Hello",
        visibility=Visibility.PRIVATE,
        mark="job-1",
    )
    there = {
        "id": 9,
        "path_with_namespace": "team/hello",
        "description": "Hello\n\nMade by idp-bot for job job-1.",
        "web_url": "https://gitlab.test/team/hello",
        "http_url_to_repo": "https://gitlab.test/team/hello.git",
        "default_branch": None,
        date: "2026-01-04",
    }
    host.answer = lambda _: web.json_response(there)
    with pytest.raises(PermanentError, match="about to be deleted"):
        await git.ensure_project(wanted)


async def test_a_repeated_job_keeps_its_place_and_shows_its_last_run(
    host: Host, git: GitHost
) -> None:
    def job(number: int, name: str, status: str) -> dict[str, object]:
        return {
            "id": number,
            "name": name,
            "stage": name,
            "status": status,
            "web_url": "https://gitlab.test/job",
            "allow_failure": name == "scan",
        }

    jobs = [
        job(1, "lint", "failed"),
        job(2, "scan", "failed"),
        job(3, "deploy", "manual"),
        job(4, "lint", "success"),
    ]
    pipeline = {"id": 5, "status": "running", "web_url": "https://gitlab.test/pipeline"}

    def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/jobs"):
            return web.json_response(jobs)
        return web.json_response(pipeline if request.path.endswith("/5") else [pipeline])

    host.answer = answer
    found = await git.find_pipeline("team/hello", "0" * 40)
    assert found is not None
    seen = [(j.name, j.id, str(j.state), j.allow_failure) for j in found.jobs]
    assert seen == [
        ("lint", 4, "passed", False),
        ("scan", 2, "failed", True),
        ("deploy", 3, "waiting", False),
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", "waiting"),
        ("waiting_for_resource", "waiting"),
        ("preparing", "waiting"),
        ("pending", "waiting"),
        ("scheduled", "waiting"),
        ("manual", "waiting"),
        ("something-new", "waiting"),
        ("running", "running"),
        ("canceling", "running"),
        ("success", "passed"),
        ("failed", "failed"),
        ("canceled", "failed"),
        ("skipped", "failed"),
    ],
)
async def test_every_state_of_a_pipeline_has_a_meaning(
    host: Host, git: GitHost, status: str, state: str
) -> None:
    pipeline = {"id": 5, "status": status, "web_url": "https://gitlab.test/pipeline"}

    def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/jobs"):
            return web.json_response([])
        return web.json_response(pipeline if request.path.endswith("/5") else [pipeline])

    host.answer = answer
    found = await git.find_pipeline("team/hello", "0" * 40)
    assert found is not None
    assert str(found.state) == state
    assert bool(found.problem) == (status == "skipped")


def _project(**fields: object) -> dict[str, object]:
    return {
        "id": 7,
        "path_with_namespace": "team/hello",
        "description": "Made by idp-bot for job 42.",
        "archived": False,
        **fields,
    }


def _script(*answers: tuple[int, object]) -> Answer:
    """One answer after the other, whatever is asked."""
    left = iter(answers)

    def answer(_: web.Request) -> web.StreamResponse:
        status, body = next(left)
        return web.json_response(body, status=status)

    return answer


async def test_where_deletion_is_delayed_nothing_is_ever_marked_for_deletion(
    host: Host, git: GitHost
) -> None:
    host.answer = _script((200, _project(marked_for_deletion_on=None)), (201, _project()))
    assert await git.remove_project("team/hello", mark="42") is Removal.ARCHIVED
    assert [line.partition(" ")[0] for line in host.asked] == ["GET", "POST"]
    assert host.asked[-1].endswith("/projects/7/archive")


async def test_what_was_marked_for_deletion_unexpectedly_is_restored_and_archived(
    host: Host, git: GitHost
) -> None:
    renamed = _project(
        path_with_namespace="team/hello-deletion_scheduled-7", marked_for_deletion_on="2026-01-05"
    )
    host.answer = _script(
        (200, _project()), (202, {}), (200, renamed), (201, _project()), (201, _project())
    )
    assert await git.remove_project("team/hello", mark="42") is Removal.ARCHIVED
    assert [line.rpartition("/projects/7")[2] for line in host.asked[-2:]] == [
        "/restore",
        "/archive",
    ]


async def test_a_project_that_somebody_has_marked_for_deletion_already_is_left_to_it(
    host: Host, git: GitHost
) -> None:
    host.answer = _script((200, _project(marked_for_deletion_on="2026-01-05", archived=True)))
    assert await git.remove_project("team/hello", mark="42") is Removal.DELETED
    assert len(host.asked) == 1


async def test_a_deletion_that_is_not_finished_is_looked_at_again_later(
    host: Host, git: GitHost
) -> None:
    host.answer = _script((200, _project()), (202, {}), (200, _project()))
    with pytest.raises(TemporaryError, match="not finished"):
        await git.remove_project("team/hello", mark="42")


async def test_a_file_that_somebody_changes_while_it_is_removed_is_a_passing_trouble(
    host: Host, git: GitHost
) -> None:
    changed = {"message": "The file has changed since you started editing it"}

    def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(headers={"X-Gitlab-Last-Commit-Id": "a" * 40})
        if request.method == "POST":
            return web.json_response(changed, status=400)
        if "/branches/" in request.raw_path:
            commit = {"id": "b" * 40, "web_url": "https://gitlab.test"}
            return web.json_response({"name": "main", "commit": commit})
        return web.json_response(_project())

    host.answer = answer
    with pytest.raises(TemporaryError):
        await git.remove_files("team/hello", ["x"], message="Take back")
    assert sum(line.startswith("POST") for line in host.asked) == 1
