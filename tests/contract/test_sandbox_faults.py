"""Faults on demand, as real clients meet them: python-gitlab, slack_sdk, the Kubernetes client, httpx and git."""

import asyncio
import contextlib
import importlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import gitlab
import httpx
import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox import box as boxes
from bot.sandbox.faults import Faults, front
from bot.sandbox.faults.kinds import ALL
from tests.contract import catalog_client, cluster_clients, slack_workspace
from tests.contract.gitlab_world import (
    Receiver,
    World,
    ci,
    commit,
    eventually,
    finished,
    receiver,
    world,
)
from tests.contract.slack_workspace import Room
from tests.plain_http import NO_CERTIFICATES

__all__ = ["world"]

kubernetes: Any = importlib.import_module("kubernetes.aio")
"""Much of the client is not annotated: taken as it is."""

FAULTS = "/sandbox/faults"
ROOT = Path(__file__).parents[2]
QUICK_JOB = "test:\n  script: echo done\n"
Json = dict[str, Any]


@contextlib.contextmanager
def fault(world: World, kind: str, **wish: Any) -> Iterator[Json]:
    """Have GitLab be faulty for a while; what is yielded is how the fault stood at its end."""
    told: Json = {}
    with world.http() as http:
        answer = http.post(FAULTS, json={"kind": kind, "part": "gitlab", **wish})
        assert answer.status_code == 201, answer.text
        try:
            yield told
        finally:
            listed = http.get(FAULTS).json()
            number = answer.json()["id"]
            told |= next(f for f in listed["faults"] + listed["past"] if f["id"] == number)
            http.delete(FAULTS)


# What is asked for


def test_nothing_is_faulty_until_somebody_asks_and_all_is_well_when_it_is_cleared(
    world: World,
) -> None:
    with world.http() as http:
        assert http.get(FAULTS).json()["faults"] == []
        wish = {"kind": "server-error", "part": "gitlab", "path": "/version$"}
        made = http.post(FAULTS, json=wish).json()
        assert http.get("/api/v4/version").status_code == 502
        assert [f["hits"] for f in http.get(FAULTS).json()["faults"]] == [1]

        assert http.delete(f"{FAULTS}/{made['id']}").json() == {"cleared": 1}

        assert http.get(FAULTS).json()["faults"] == []
        assert http.get("/api/v4/version").status_code == 401
        assert http.delete(f"{FAULTS}/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"kind": "server-error"}, {"part": "Field required"}),
        ({"kind": "mood", "part": "gitlab"}, {"kind": "does not match any of the expected tags"}),
        ({"kind": "latency", "part": "gitlab", "seconds": -1}, {"seconds": "greater than 0"}),
        (
            {"kind": "rate-limit", "part": "gitlab", "path": "("},
            {"path": "valid regular expression"},
        ),
        ({"kind": "rate-limit", "part": "gitlab", "often": 3}, {"often": "not permitted"}),
        ({"kind": "dropped-webhooks", "part": "slack"}, {"part": "should be 'gitlab'"}),
        ({"kind": "full-quota", "part": "cluster", "application": "A b"}, {"application": "match"}),
        ({"kind": "stopped-part", "part": "gitlab"}, {"part": "cannot be stopped here"}),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_field_by_field(
    world: World, wish: Json, problem: dict[str, str]
) -> None:
    with world.http() as http:
        answer = http.post(FAULTS, json=wish)
        told = answer.json()

        assert answer.status_code == 400
        assert list(told["problems"]) == list(problem)
        for field, words in problem.items():
            assert words in told["problems"][field]
            assert field in told["error"]
        assert http.get(FAULTS).json()["faults"] == []


def test_what_is_not_json_is_refused(world: World) -> None:
    with world.http() as http:
        answer = http.post(FAULTS, content="kind=latency")

    assert (answer.status_code, list(answer.json()["problems"])) == (400, ["body"])


def test_a_fault_ends_by_itself_when_its_time_is_over(world: World) -> None:
    with (
        fault(world, "server-error", for_seconds=0.2, path="/version$") as told,
        world.http() as http,
    ):
        assert http.get("/api/v4/version").status_code == 502
        eventually(lambda: not http.get(FAULTS).json()["faults"])
        assert http.get("/api/v4/version").status_code == 401

    assert told["hits"] == 1


def test_the_readme_names_every_kind_of_fault() -> None:
    readme = (ROOT / "README.md").read_text()
    kinds = [each.model_json_schema()["properties"]["kind"]["const"] for each in ALL]

    assert [kind for kind in kinds if f"`{kind}`" not in readme] == []


# What requests meet


def test_an_error_before_the_effect_leaves_nothing_behind(world: World) -> None:
    with (
        fault(world, "server-error", method="post", path="/projects$", times=1) as told,
        pytest.raises(gitlab.GitlabCreateError) as refusal,
    ):
        world.project(name="before-effect")

    assert refusal.value.response_code == 502
    assert told["left"] == 0
    with pytest.raises(gitlab.GitlabGetError):
        world.admin.projects.get("idp/before-effect")


def test_an_error_after_the_effect_loses_the_answer_only(world: World) -> None:
    with (
        fault(world, "server-error", status=500, when="after", method="POST", times=1),
        pytest.raises(gitlab.GitlabCreateError) as refusal,
    ):
        world.project(name="after-effect")

    assert refusal.value.response_code == 500
    assert refusal.value.error_message == "500 Internal Server Error"
    assert world.admin.projects.get("idp/after-effect").path == "after-effect"


def test_a_path_may_be_named_encoded_or_decoded_and_others_are_left_alone(world: World) -> None:
    world.project(name="named")
    world.project(name="unnamed")
    for path in ("/projects/idp/named$", "/projects/idp%2Fnamed$"):
        with fault(world, "server-error", path=path) as told:
            with pytest.raises(gitlab.GitlabGetError) as refusal:
                world.admin.projects.get("idp/named")
            world.admin.projects.get("idp/unnamed")
        assert (refusal.value.response_code, told["hits"]) == (502, 1)


@pytest.mark.parametrize("seconds", [0, None])
def test_a_rate_limit_comes_with_a_retry_after_header_or_without(
    world: World, seconds: int | None
) -> None:
    limit = {} if seconds is None else {"retry_after": seconds}
    with fault(world, "rate-limit", times=1, **limit), world.http() as http:
        answer = http.get("/api/v4/version")

    assert (answer.status_code, answer.text) == (429, "Retry later\n")
    assert answer.headers.get("retry-after") == (None if seconds is None else str(seconds))


def test_python_gitlab_waits_as_long_as_a_rate_limit_says(world: World) -> None:
    with fault(world, "rate-limit", retry_after=0, times=2) as told:
        assert "version" in world.admin.http_get("/version")

    assert told["hits"] == 2


def test_a_slow_answer_is_the_right_one(world: World) -> None:
    with fault(world, "latency", seconds=0.3, path="/version$"):
        started = time.monotonic()
        assert "version" in world.admin.http_get("/version")

    assert time.monotonic() - started >= 0.3


# What webhooks meet


@contextlib.contextmanager
def hooked(world: World) -> Iterator[tuple[Receiver, Any]]:
    project = world.project()
    with receiver() as sink:
        project.hooks.create({"url": sink.url})
        yield sink, project


def _branches(sink: Receiver) -> list[str]:
    return [body["ref"].rpartition("/")[2] for body in sink.of("Push Hook")]


def test_a_dropped_webhook_never_arrives_and_the_next_one_does(world: World) -> None:
    with (
        hooked(world) as (sink, project),
        fault(world, "dropped-webhooks", event="push_events", times=1) as told,
    ):
        commit(project, README="x")
        commit(project, LICENSE="x")
        eventually(lambda: sink.received)

    assert told["hits"] == 1
    assert [body["commits"][0]["added"] for body in sink.of("Push Hook")] == [["LICENSE"]]


def test_a_doubled_webhook_arrives_twice_with_one_idempotency_key(world: World) -> None:
    with hooked(world) as (sink, project):
        with fault(world, "doubled-webhooks", url="127.0.0.1", times=1):
            commit(project, README="x")
            eventually(lambda: len(sink.received) == 2)
        commit(project, LICENSE="x")
        eventually(lambda: len(sink.received) == 3)

    keys = [headers["idempotency-key"] for headers, _, _ in sink.received]
    assert keys[0] == keys[1] != keys[2]


def test_a_reordered_webhook_lets_the_next_one_overtake(world: World) -> None:
    with (
        hooked(world) as (sink, project),
        fault(world, "reordered-webhooks", seconds=10, times=1),
    ):
        commit(project, README="x")
        project.branches.create({"branch": "later", "ref": "main"})
        eventually(lambda: len(sink.received) == 2)

    assert _branches(sink) == ["later", "main"]


def test_a_reordered_webhook_does_not_wait_for_ever(world: World) -> None:
    with hooked(world) as (sink, project), fault(world, "reordered-webhooks", seconds=0.1):
        commit(project, README="x")
        eventually(lambda: sink.received)

    assert _branches(sink) == ["main"]


# What pipelines meet


def test_a_failing_pipeline_fails_as_one_of_its_own_jobs_would(world: World) -> None:
    project = world.project()
    with fault(world, "failing-pipeline", project=f"^{project.path_with_namespace}$", times=1):
        pipeline = finished(project, ci(project, QUICK_JOB).id)
    job = project.jobs.get(pipeline.jobs.list(get_all=True)[0].id)

    assert (pipeline.status, job.failure_reason) == ("failed", "script_failure")
    assert "a fault of the sandbox: failing-pipeline" in job.trace().decode()

    job.retry()
    eventually(lambda: project.pipelines.get(pipeline.id).status == "success")


def test_a_slow_pipeline_takes_its_time_and_can_be_cancelled_meanwhile(world: World) -> None:
    project = world.project()
    with fault(world, "slow-pipeline", seconds=60, job="test"):
        pipeline = ci(project, QUICK_JOB)
        job = project.jobs.get(pipeline.jobs.list(get_all=True)[0].id)
        eventually(lambda: b"slow-pipeline" in job.trace())
        job.cancel()
        pipeline = finished(project, pipeline.id)

    assert pipeline.status == "canceled"


# What the other parts meet


@pytest.fixture(name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack_workspace.a_room(tmp_path) as room:
        yield room


async def test_the_app_meets_slacks_faults_and_the_people_at_the_page_do_not(room: Room) -> None:
    limit = {"kind": "rate-limit", "part": "slack", "retry_after": 7, "path": "chat.postMessage"}
    (await room.http.post(FAULTS, json=limit)).raise_for_status()
    everything = {"kind": "server-error", "part": "slack", "status": 503}
    (await room.http.post(FAULTS, json=everything)).raise_for_status()

    with pytest.raises(SlackApiError) as limited:
        await room.web().chat_postMessage(channel="C0GENERAL", text="hello")
    with pytest.raises(SlackApiError) as down:
        await room.web().auth_test()
    said = await room.say("U0ADA", "is anybody there?")
    page = await room.http.get("/client/U0ADA/C0GENERAL")

    assert limited.value.response["error"] == "ratelimited"
    assert limited.value.response.headers["Retry-After"] == "7"
    assert down.value.response["error"] == "service_unavailable"
    assert (said["ok"], page.status_code) == (True, 200)
    assert [message["text"] for message in await room.get("messages")] == ["is anybody there?"]
    await room.http.delete(FAULTS)
    assert (await room.web().auth_test())["ok"]


async def test_slack_that_is_stopped_lets_go_of_the_app_and_takes_it_back(room: Room) -> None:
    app = room.bolt()
    heard = asyncio.Event()

    @app.event("message")
    async def listen() -> None:
        heard.set()

    async with slack_workspace.connected(room, app):
        await room.http.post(FAULTS, json={"kind": "stopped-part", "part": "slack"})

        with pytest.raises(SlackApiError) as down:
            await room.web().auth_test()
        assert down.value.response["error"] == "service_unavailable"
        assert (await room.get("settings"))["sockets"] == 0
        assert (await room.http.get("/client/U0ADA/C0GENERAL")).status_code == 200

        await room.http.delete(FAULTS)
        assert (await room.web().auth_test())["ok"]


async def test_the_kubernetes_client_reads_a_status_and_the_clusters_own_requests_are_spared(
    tmp_path: Path,
) -> None:
    async with cluster_clients.a_world(tmp_path) as cluster:
        limit = {"kind": "rate-limit", "part": "cluster", "retry_after": 3, "times": 1}
        (await cluster.http.post(FAULTS, json=limit)).raise_for_status()
        own = await cluster.http.get(
            "/api/v1/namespaces", headers={"X-Sandbox-Client": "controllers"}
        )
        configuration = kubernetes.client.Configuration()
        await kubernetes.config.load_kube_config(
            config_file=str(cluster.api.kubeconfig), client_configuration=configuration
        )
        async with kubernetes.client.ApiClient(configuration) as client:
            with pytest.raises(kubernetes.client.ApiException) as refusal:
                await kubernetes.client.CoreV1Api(client).list_namespace()

    status = json.loads(refusal.value.body)
    assert own.status_code == 200
    assert refusal.value.headers["Retry-After"] == "3"
    assert (status["kind"], status["reason"]) == ("Status", "TooManyRequests")
    assert status["details"]["retryAfterSeconds"] == 3


async def test_a_registration_whose_answer_is_lost_is_there(tmp_path: Path) -> None:
    files = {"catalog-info.yaml": catalog_client.component("hello")}
    async with catalog_client.a_catalog_on_files(tmp_path, files) as client:
        wish = {"kind": "server-error", "part": "catalog", "when": "after", "method": "POST"}
        (await client.http.post(f"{client.page}{FAULTS}", json=wish | {"times": 1}))

        lost = await client.register("catalog-info.yaml")
        again = await client.register("catalog-info.yaml")

    assert (lost.status_code, lost.json()["error"]["name"]) == (502, "BadGatewayError")
    assert again.status_code == 409


# A part that is stopped


async def _unseeded(_: Any) -> None:
    """Leave GitLab as it is."""


@pytest.fixture(name="two_parts")
async def _two_parts(tmp_path: Path) -> AsyncIterator[boxes.Box]:
    async with boxes.opened(
        parts=("gitlab", "slack"),
        first_port=0,
        folder=tmp_path,
        company=ROOT / "catalog",
        seed=_unseeded,
    ) as box:
        yield box


async def test_a_stopped_part_is_gone_and_comes_back_where_it_was_with_its_state(
    two_parts: boxes.Box,
) -> None:
    assert two_parts.gitlab
    assert two_parts.slack
    host = httpx.AsyncClient(
        base_url=two_parts.gitlab.url,
        headers={"PRIVATE-TOKEN": two_parts.gitlab.token},
        verify=NO_CERTIFICATES,
    )
    page = httpx.AsyncClient(base_url=two_parts.slack.page, verify=NO_CERTIFICATES)
    async with host, page:
        made = await host.post("/api/v4/groups", json={"name": "kept", "path": "kept"})
        wish = {"kind": "stopped-part", "part": "gitlab"}
        stopped = await page.post(FAULTS, json=wish)
        with pytest.raises(httpx.ConnectError):
            await host.get("/api/v4/version")
        await page.delete(f"{FAULTS}/{stopped.json()['id']}")
        found = await host.get("/api/v4/groups/kept")

    assert (made.status_code, stopped.status_code) == (201, 201)
    assert found.json()["id"] == made.json()["id"]


async def test_a_part_stopped_at_its_own_address_must_come_back_by_itself(
    two_parts: boxes.Box,
) -> None:
    assert two_parts.gitlab
    wish = {"kind": "stopped-part", "part": "gitlab"}
    async with httpx.AsyncClient(
        base_url=two_parts.gitlab.url, verify=NO_CERTIFICATES, timeout=10
    ) as host:
        refused = await host.post(FAULTS, json=wish)
        stopped = await host.post(FAULTS, json=wish | {"for_seconds": 0.3})
        await _until(host, answers=False)
        await _until(host, answers=True)

    assert (refused.status_code, stopped.status_code) == (400, 201)
    assert "for how long" in refused.json()["problems"]["for_seconds"]


async def test_argo_cd_is_an_address_of_the_cluster() -> None:
    faults, stopped = Faults(), asyncio.Event()

    async def switch(_: object) -> None:
        stopped.set()

    faults.switches["cluster"] = switch
    wish = {"kind": "stopped-part", "part": "cluster"}
    transport = httpx.ASGITransport(front(_nothing, "argocd", faults))
    async with httpx.AsyncClient(transport=transport, base_url="http://argocd") as client:
        refused = await client.post(FAULTS, json=wish)
        made = await client.post(FAULTS, json=wish | {"for_seconds": 60})
        await stopped.wait()
        await client.delete(FAULTS)

    assert list(refused.json()["problems"]) == ["for_seconds"]
    assert made.json()["seconds_left"] == pytest.approx(60, abs=1)


async def _nothing(*_: object) -> None:
    """Serve nobody."""


async def _until(host: httpx.AsyncClient, *, answers: bool) -> None:
    async def look() -> bool:
        with contextlib.suppress(httpx.TransportError):
            await host.get("/api/v4/version")
            return answers
        return not answers

    await slack_workspace.until(look, 10)


# The panel


async def test_the_panel_shows_what_is_on_and_asks_for_every_kind(room: Room) -> None:
    wish = {"kind": "latency", "part": "slack", "seconds": 2, "path": "<b>views", "times": 3}
    await room.http.post(FAULTS, json=wish)

    shown = await room.http.get(FAULTS, headers={"Accept": "text/html,*/*"})
    sidebar = await room.http.get("/client/U0ADA/C0GENERAL")
    style = await room.http.get(f"{FAULTS}/static/panel.css")

    assert shown.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;views" in shown.text
    assert "Struck 0 times, 3 to go" in shown.text
    for kind in ("stopped-part", "doubled-webhooks", "degraded-application", "full-quota"):
        assert f'data-kind="{kind}"' in shown.text
    assert 'href="/sandbox/faults"' in sidebar.text
    assert 'aria-label="1 on"' in sidebar.text
    assert style.status_code == 200
