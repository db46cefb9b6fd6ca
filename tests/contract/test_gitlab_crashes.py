"""GitLab killed or stopped at bad moments, and requests held there for crash tests of others."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.gitlab import GitLabInstance
from tests.contract.gitlab_world import (
    World,
    ci,
    commit,
    eventually,
    finished,
    git,
    running,
    world,
    world_of,
)

__all__ = ["world"]

PROGRAM = """
import asyncio, dataclasses, json, sys
from pathlib import Path
from bot.sandbox.gitlab import serve

async def main():
    async with serve(port=int(sys.argv[2]), state_dir=Path(sys.argv[1]), people=[]) as instance:
        print(json.dumps(dataclasses.asdict(instance)), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Killable:
    """GitLab as a process of its own."""

    def __init__(self, state: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._command = [sys.executable, "-c", PROGRAM, str(state), str(port)]

    def __enter__(self) -> World:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout
        return world_of(GitLabInstance(**json.loads(self._process.stdout.readline())))

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


def hold(world: World, **wish: str) -> None:
    with world.http() as http:
        assert http.post("/sandbox/gitlab/hold", json=wish).status_code == 201


def held(world: World, which: str = "held") -> Any:
    with world.http() as http:
        return http.get("/sandbox/gitlab/hold").json()[which]


def release(world: World) -> None:
    with world.http() as http:
        http.post("/sandbox/gitlab/release")


@pytest.mark.parametrize(("when", "exists"), [("before", False), ("after", True)])
def test_a_request_is_held_before_its_effect_or_before_its_answer(
    world: World, when: str, *, exists: bool
) -> None:
    name = f"held-{when}"
    hold(world, method="POST", path_regex=r"^/api/v4/projects$", when=when)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.project, name=name)
        eventually(lambda: held(world))
        with world.http(world.instance.token) as http:
            found = http.get(f"/api/v4/projects/idp%2F{name}").status_code == 200
        assert not waiting.done()
        release(world)
        made = waiting.result()

    assert found is exists
    assert made.path == name
    assert held(world) is None


def test_only_one_request_is_held(world: World) -> None:
    hold(world, method="POST", path_regex="/projects$", when="before")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.project)
        eventually(lambda: held(world))
        world.project()
        release(world)
        waiting.result()


def test_a_hold_that_is_set_while_a_request_is_held_outlives_its_release(world: World) -> None:
    hold(world, method="POST", path_regex="/projects$", when="before")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(world.project)
        eventually(lambda: held(world))
        hold(world, method="POST", path_regex="/groups$", when="before")
        release(world)
        first.result()
        second = pool.submit(world.admin.groups.create, {"name": "late", "path": "late"})
        eventually(lambda: (held(world) or {}).get("path") == "/api/v4/groups")
        release(world)
        assert second.result().path == "late"


def test_two_held_requests_are_let_go_one_by_one(world: World) -> None:
    with ThreadPoolExecutor(2) as pool:
        hold(world, method="POST", path_regex="/projects$", when="before")
        first = pool.submit(world.project)
        eventually(lambda: held(world))
        hold(world, method="POST", path_regex="/groups$", when="before")
        second = pool.submit(world.admin.groups.create, {"name": "both", "path": "both"})
        eventually(lambda: held(world, "armed") is None)
        release(world)
        first.result()
        assert (held(world), second.done()) == (
            {"method": "POST", "path": "/api/v4/groups"},
            False,
        )
        release(world)
        second.result()


def test_creations_are_counted_by_kind_and_path(world: World) -> None:
    project = world.project(name="counted")
    commit(project, a="1")
    commit(project, b="1")
    project.access_tokens.create({"name": "ci", "scopes": ["api"], "access_level": 40})
    project.hooks.create({"url": "http://127.0.0.1:9/x"})

    counts = world.creations()

    assert counts["projects"]["idp/counted"] == 1
    assert counts["commits"]["idp/counted@main"] == 2
    assert counts["access_tokens"]["idp/counted:ci"] == 1
    assert counts["hooks"]["idp/counted -> http://127.0.0.1:9/x"] == 1


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    server = Killable(tmp_path)
    with server as first:
        project = first.project(name="kept")
        made = commit(project, README="x")
        project.variables.create({"key": "A", "value": "b"})

    with server as second:
        found = second.admin.projects.get("idp/kept")
        assert found.branches.get("main").commit["id"] == made.id
        assert found.variables.get("A").value == "b"
        assert second.creations()["projects"] == {"idp/kept": 1}


def test_a_pipeline_that_ran_goes_on_from_its_unfinished_jobs(tmp_path: Path) -> None:
    go, ran = tmp_path / "go", tmp_path / "ran"
    script = f"""
first:
  script: echo first >> {ran}
second:
  stage: deploy
  script: 'while [ ! -e {go} ]; do sleep 0.05; done; echo second >> {ran}'
"""
    server = Killable(tmp_path / "state")
    (tmp_path / "state").mkdir()
    with server as before:
        project = before.project(name="runs")
        pipeline = ci(project, script)

        def is_second_running() -> bool:
            jobs = project.pipelines.get(pipeline.id).jobs.list(get_all=True)
            return any(job.name == "second" and job.status == "running" for job in jobs)

        eventually(is_second_running)

    go.touch()
    with server as after:
        again = after.admin.projects.get("idp/runs")
        ended = finished(again, pipeline.id)
        jobs = ended.jobs.list(include_retried=True, get_all=True)

    assert ended.status == "success"
    assert [job.name for job in jobs] == ["second", "first"]
    assert ran.read_text().split().count("first") == 1


def test_a_push_whose_pipeline_was_lost_gets_it_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as instance:
        project = world_of(instance).project(name="pushed")
        commit(project, README="x")
        repository = tmp_path / "repositories" / f"{project.id}.git"

    work = tmp_path / "work"
    git("clone", str(repository), str(work), cwd=tmp_path)
    (work / ".gitlab-ci.yml").write_text("test:\n  script: 'true'\n")
    git("add", ".", cwd=work)
    git("commit", "-m", "Pushed just before the end", cwd=work)
    git("push", cwd=work)

    for _ in range(2):
        with running(tmp_path) as instance:
            found = world_of(instance).admin.projects.get("idp/pushed")
            assert len(found.pipelines.list(get_all=True)) == 1
