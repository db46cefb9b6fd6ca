"""What systems that call the bot over HTTP are answered."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import structlog
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.adapters.loopback import free_port
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from bot.domain.errors import PermanentError, TemporaryError
from bot.usecases import names
from bot.web import routes, server
from tests.builders import a_job, an_app_request
from tests.plain_http import NO_CERTIFICATES
from tests.world import World

SECRET = {"X-Gitlab-Token": "s3cret"}
PIPELINE = {
    "object_kind": "pipeline",
    "project": {"path_with_namespace": "idp/payments/checkout-hello-world"},
}


@asynccontextmanager
async def visitor(
    world: World,
    *,
    secret: str = "s3cret",
    is_listening: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    app = routes.build(
        ports=world.ports,
        webhook_secret=SecretStr(secret),
        slack=None,
        is_listening=is_listening,
        is_stopping=lambda: world.runner.is_stopping,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


@pytest.fixture
async def world() -> World:
    world = World()
    await world.jobs.create(a_job())
    await names.hold(an_app_request(), job_id="job00001", ports=world.ports)
    return world


async def test_a_pipeline_event_wakes_the_job_that_waits_for_the_project(world: World) -> None:
    async with visitor(world) as gitlab:
        answer = await gitlab.post("/webhooks/gitlab", json=PIPELINE, headers=SECRET)

    assert answer.json() == {"job": "job00001"}
    assert world.scheduler.nudges == [("job00001", None)]
    assert world.jobs.jobs["job00001"].signals == 1


async def test_the_deployment_repository_wakes_the_same_job(world: World) -> None:
    project = {"path_with_namespace": "idp/payments/checkout-hello-world-deployment"}

    async with visitor(world) as gitlab:
        push = {"object_kind": "push", "project": project}
        answer = await gitlab.post("/webhooks/gitlab", json=push, headers=SECRET)

    assert answer.json() == {"job": "job00001"}


@pytest.mark.parametrize("ending", ["", "-deployment"])
async def test_an_application_called_after_its_deployment_is_woken_by_both_of_its_repositories(
    ending: str,
) -> None:
    world = World()
    request = an_app_request(name="Shop deployment", slug="shop-deployment")
    await world.jobs.create(a_job(request=request))
    await names.hold(request, job_id="job00001", ports=world.ports)
    project = {"path_with_namespace": f"idp/payments/checkout-shop-deployment{ending}"}

    async with visitor(world) as gitlab:
        push = {"object_kind": "push", "project": project}
        answer = await gitlab.post("/webhooks/gitlab", json=push, headers=SECRET)

    assert answer.json() == {"job": "job00001"}


async def test_a_repository_of_the_same_name_in_another_group_wakes_nobody(world: World) -> None:
    project = {"path_with_namespace": "idp/storefront/checkout-hello-world"}

    async with visitor(world) as gitlab:
        push = {"object_kind": "push", "project": project}
        answer = await gitlab.post("/webhooks/gitlab", json=push, headers=SECRET)

    assert answer.json() == {"job": None}


async def test_an_event_that_nobody_waits_for_wakes_nobody(world: World) -> None:
    project = {"path_with_namespace": "idp/payments/something-else"}

    async with visitor(world) as gitlab:
        answer = await gitlab.post("/webhooks/gitlab", json={"project": project}, headers=SECRET)

    assert (answer.status_code, answer.json()) == (200, {"job": None})
    assert world.scheduler.nudges == []


@pytest.mark.parametrize("headers", [{}, {"X-Gitlab-Token": "guess"}, {"X-Gitlab-Token": ""}])
async def test_a_forged_event_wakes_nobody(world: World, headers: dict[str, str]) -> None:
    async with visitor(world) as stranger:
        answer = await stranger.post("/webhooks/gitlab", json=PIPELINE, headers=headers)

    assert answer.status_code == 401
    assert world.scheduler.nudges == []


async def test_forged_events_are_counted_in_the_audit_and_cannot_fill_it(world: World) -> None:
    async with visitor(world) as stranger:
        for _ in range(30):
            await stranger.post("/webhooks/gitlab", json=PIPELINE)
        world.clock.advance(timedelta(minutes=1))
        await stranger.post("/webhooks/gitlab", json=PIPELINE)
        await stranger.post("/webhooks/gitlab", json=PIPELINE, headers=SECRET)

    assert [(e.kind, e.what, e.who) for e in world.audit.entries] == [
        ("refusal", "gitlab-webhook", "")
    ] * 2
    assert [e.detail.split(": ")[1] for e in world.audit.entries] == [
        "1 since the last entry.",
        "30 since the last entry.",
    ]


async def test_a_forged_event_is_refused_although_the_audit_cannot_be_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: object) -> None:
        raise TemporaryError("Redis is gone.")

    monkeypatch.setattr(world.audit, "record", unreachable)
    async with visitor(world) as stranger:
        answer = await stranger.post("/webhooks/gitlab", json=PIPELINE)

    assert answer.status_code == 401


async def test_without_a_secret_every_event_is_refused(world: World) -> None:
    async with visitor(world, secret="") as gitlab:
        answer = await gitlab.post(
            "/webhooks/gitlab", json=PIPELINE, headers={"X-Gitlab-Token": ""}
        )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"project"',
        b'{"project": 1}',
        b'{"project": {"path_with_namespace": 7}}',
        b'{"project": {"path_with_namespace": "\\ud800"}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=range(9),
)
async def test_a_body_that_is_no_webhook_is_refused(world: World, body: bytes) -> None:
    async with visitor(world) as gitlab:
        answer = await gitlab.post("/webhooks/gitlab", content=body, headers=SECRET)

    assert answer.status_code == 400


async def test_the_process_is_alive_and_ready_and_counts(world: World) -> None:
    async with visitor(world) as probe:
        answers = [await probe.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "python_info" in answers[2].text
    assert 'idp_jobs{state="running"} 1.0' in answers[2].text


async def test_a_process_whose_slack_socket_is_gone_is_not_ready(world: World) -> None:
    async def is_listening() -> bool:
        return False

    async with visitor(world, is_listening=is_listening) as probe:
        answer = await probe.get("/readyz")

    assert answer.status_code == 503
    assert "Slack" in answer.json()["why"]


async def test_a_process_without_its_store_is_not_ready(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object, **__: object) -> None:
        raise TemporaryError("Redis cannot be reached.")

    monkeypatch.setattr(world.jobs, "is_new", unreachable)
    async with visitor(world) as probe:
        answer = await probe.get("/readyz")

    assert (answer.status_code, answer.json()["why"]) == (503, "Redis cannot be reached.")


async def test_a_job_of_another_version_does_not_make_the_process_unready(world: World) -> None:
    world.jobs.unreadable.add("job00001")

    async with visitor(world) as probe:
        answers = [await probe.get(path) for path in ("/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert 'idp_jobs{state="running"} 0.0' in answers[1].text


async def test_a_store_that_answers_and_takes_no_writes_is_not_up(
    world: World, redis_url: str
) -> None:
    async with open_redis(redis_url) as redis:
        jobs = RedisJobs(redis, owner="tests")
        world.ports = dataclasses.replace(world.ports, jobs=jobs)
        await jobs.create(a_job())
        await redis.config_set("maxmemory", "1")
        try:
            async with visitor(world) as probe:
                answers = [await probe.get(path) for path in ("/readyz", "/metrics")]
        finally:
            await redis.config_set("maxmemory", "0")

    assert [answer.status_code for answer in answers] == [503, 200]
    assert "idp_store_up 0.0" in answers[1].text
    assert 'idp_jobs{state="running"} 1.0' in answers[1].text


async def test_a_store_that_says_nothing_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.jobs, "is_new", silent)
    monkeypatch.setattr(world.jobs, "census", silent)
    monkeypatch.setattr(routes, "STORE_SECONDS", 0.01)
    async with visitor(world) as probe:
        answers = [await probe.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert "idp_store_up 0.0" in answers[2].text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"X-Request-Id": "abc-1"}, True),
        ({"X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e"}, True),
        ({"X-Request-Id": "x" * 65}, False),
        ({"X-Request-Id": "a b"}, False),
        ({}, False),
    ],
)
async def test_every_request_has_an_id_that_its_log_lines_name(
    world: World, given: dict[str, str], *, kept: bool
) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        async with visitor(world) as gitlab:
            answer = await gitlab.post("/webhooks/gitlab", json=PIPELINE, headers=SECRET | given)

    told = answer.headers["X-Request-Id"]
    assert [line["request"] for line in lines if line["event"] == "webhook.gitlab"] == [told]
    assert (told in given.values()) is kept


async def test_a_process_that_is_stopping_is_alive_and_not_ready(world: World) -> None:
    world.runner.stop()

    async with visitor(world) as probe:
        answers = [await probe.get(path) for path in ("/healthz", "/readyz")]

    assert [answer.status_code for answer in answers] == [200, 503]


async def test_a_port_that_is_taken_is_told_with_the_setting_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PermanentError, match=f"Port {port} .*already in use.*IDP_HTTP_PORT"):
            async with server.served(Starlette(), port=port, host="127.0.0.1"):
                pass


async def test_a_port_that_is_free_is_answered_on_and_free_again_afterwards() -> None:
    port = free_port()
    for _ in range(2):
        async with (
            server.served(Starlette(), port=port, host="127.0.0.1"),
            httpx.AsyncClient(verify=NO_CERTIFICATES) as client,
        ):
            answer = await client.get(f"http://127.0.0.1:{port}/nowhere")
        assert answer.status_code == 404
