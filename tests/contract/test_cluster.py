"""What the bot may expect of any cluster: in memory, or behind a Kubernetes API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.adapters.kubernetes import Kubernetes
from bot.adapters.memory.cluster import MemoryCluster
from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.cluster import Application, Cluster, EnvironmentStatus, Health, Sync
from bot.sandbox.cluster import api

NAME = "payments-checkout-hello"
REVISION = "5f3a" * 10
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
ENVIRONMENTS = "/apis/idp.internal/v1alpha1/applicationenvironments"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PODS = f"/api/v1/namespaces/{NAME}/pods"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAME}/deployments"
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes"
GOOD = ({"type": "Synced", "status": "True"}, {"type": "Ready", "status": "True"})
BROKEN = (
    {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "no rights"},
    {"type": "Ready", "status": "False", "reason": "Creating", "message": ""},
)

TROUBLES = (
    "container app: ImagePullBackOff: manifest unknown",
    "Deployment web: FailedCreate: exceeded quota: default",
)


@dataclass
class Subject:
    """A cluster, and the hands that change it behind the bot's back."""

    cluster: Cluster
    environment: Callable[[tuple[dict[str, str], ...]], Awaitable[None]]
    application: Callable[[], Awaitable[None]]
    route: Callable[[str, str], Awaitable[None]]
    forget_routes: Callable[[], Awaitable[None]]
    trouble: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "kubernetes"])
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    if request.param == "memory":
        yield _memory()
        return
    async with api.serve(port=0, state_dir=tmp_path) as cluster:
        bot = Kubernetes(
            kubeconfig=cluster.kubeconfig, context="idp-bot", argocd_url="https://argocd.test/"
        )
        headers = {"Authorization": f"Bearer {cluster.admin_token}"}
        async with httpx.AsyncClient(
            base_url=cluster.url, headers=headers, verify=_trust(cluster.ca)
        ) as admin:
            await _post(admin, DEFINITIONS, _environment_definition())
            yield _kubernetes(bot, admin)
        await bot.close()


def _memory() -> Subject:
    memory = MemoryCluster()

    async def environment(conditions: tuple[dict[str, str], ...]) -> None:
        memory.environments[NAME] = EnvironmentStatus(
            name=NAME,
            problem="ReconcileError: no rights; Creating" if conditions == BROKEN else "",
        )

    async def application() -> None:
        memory.deploy(NAME, revision=REVISION)

    async def route(namespace: str, host: str) -> None:
        memory.namespaces.add(namespace)
        memory.hosts[host] = namespace

    async def forget_routes() -> None:
        memory.missing_kinds.add("HTTPRoute")

    async def trouble() -> None:
        memory.troubles[NAME] = TROUBLES

    return Subject(memory, environment, application, route, forget_routes, trouble)


def _kubernetes(bot: Kubernetes, admin: httpx.AsyncClient) -> Subject:
    async def environment(conditions: tuple[dict[str, str], ...]) -> None:
        body = {
            "apiVersion": "idp.internal/v1alpha1",
            "kind": "ApplicationEnvironment",
            "metadata": {"name": NAME},
        }
        if (await admin.get(f"{ENVIRONMENTS}/{NAME}")).status_code == 404:
            await _post(admin, ENVIRONMENTS, body)
        await _patch_status(admin, f"{ENVIRONMENTS}/{NAME}", {"conditions": list(conditions)})

    async def application() -> None:
        await _post(admin, APPLICATIONS, _application())
        await _patch_status(admin, f"{APPLICATIONS}/{NAME}", _application_status())

    async def route(namespace: str, host: str) -> None:
        await _post(admin, "/api/v1/namespaces", {"metadata": {"name": namespace}})
        body = {"metadata": {"name": "web"}, "spec": {"hostnames": [host]}}
        await _post(admin, ROUTES.format(namespace), body)

    async def forget_routes() -> None:
        answer = await admin.delete(f"{DEFINITIONS}/httproutes.gateway.networking.k8s.io")
        answer.raise_for_status()

    async def trouble() -> None:
        await _break(admin)

    return Subject(bot, environment, application, route, forget_routes, trouble)


async def _break(admin: httpx.AsyncClient) -> None:
    await _post(admin, "/api/v1/namespaces", {"metadata": {"name": NAME}})
    containers = [{"name": "app", "image": "registry.test/hello"}]
    pod = {"metadata": {"name": "web-1"}, "spec": {"containers": containers}}
    await _post(admin, PODS, pod)
    waits = {"reason": "ImagePullBackOff", "message": "manifest unknown"}
    container = {"name": "app", "ready": False, "state": {"waiting": waits}}
    container |= {"image": "registry.test/hello", "imageID": "", "restartCount": 0}
    await _patch_status(admin, f"{PODS}/web-1", {"containerStatuses": [container]})
    labels = {"matchLabels": {"app": "web"}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    body = {"metadata": {"name": "web"}, "spec": {"selector": labels, "template": template}}
    await _post(admin, DEPLOYMENTS, body)
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    failure |= {"message": "exceeded quota: default"}
    await _patch_status(admin, f"{DEPLOYMENTS}/web", {"conditions": [failure]})


def _trust(ca: Path) -> Any:
    trust = httpx.create_ssl_context()
    trust.load_verify_locations(ca)
    return trust


async def _post(admin: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answer = await admin.post(path, json=body)
    assert answer.status_code == 201, answer.text


async def _patch_status(admin: httpx.AsyncClient, path: str, status: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = await admin.patch(f"{path}/status", json={"status": status}, headers=headers)
    if answer.status_code == 404:
        answer = await admin.patch(path, json={"status": status}, headers=headers)
    assert answer.status_code == 200, answer.text


def _environment_definition() -> dict[str, Any]:
    names = {
        "kind": "ApplicationEnvironment",
        "listKind": "ApplicationEnvironmentList",
        "plural": "applicationenvironments",
        "singular": "applicationenvironment",
    }
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": free},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "applicationenvironments.idp.internal"},
        "spec": {
            "group": "idp.internal",
            "scope": "Cluster",
            "names": names,
            "versions": [version],
        },
    }


def _application() -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": NAME},
        "spec": {
            "project": "payments",
            "source": {"repoURL": "https://gitlab.test/a.git", "path": "."},
            "destination": {"namespace": NAME, "server": "https://kubernetes.default.svc"},
        },
    }


def _application_status() -> dict[str, Any]:
    operation = {
        "phase": "Succeeded",
        "message": "successfully synced",
        "startedAt": "2026-01-05T09:00:00Z",
        "operation": {"sync": {}},
    }
    parts = [{"kind": kind, "name": "web"} for kind in ("Service", "Deployment", "HTTPRoute")]
    return {
        "sync": {"status": "Synced", "revision": REVISION},
        "health": {"status": "Healthy"},
        "operationState": operation,
        "resources": parts,
    }


async def test_what_nobody_made_is_not_there(subject: Subject) -> None:
    assert await subject.cluster.find_environment(NAME) is None
    assert await subject.cluster.find_application(NAME) is None
    assert not await subject.cluster.namespace_exists(NAME)
    assert await subject.cluster.host_owner("hello.localhost") is None


@pytest.mark.parametrize("conditions", [(), GOOD])
async def test_a_new_environment_and_one_that_works_have_no_problem(
    subject: Subject, conditions: tuple[dict[str, str], ...]
) -> None:
    await subject.environment(conditions)
    found = await subject.cluster.find_environment(NAME)
    assert found == EnvironmentStatus(name=NAME, problem="")


async def test_a_broken_environment_says_why(subject: Subject) -> None:
    await subject.environment(BROKEN)
    found = await subject.cluster.find_environment(NAME)
    assert found is not None
    assert found.problem == "ReconcileError: no rights; Creating"


async def test_an_application_shows_both_statuses_and_the_revision(subject: Subject) -> None:
    await subject.application()
    found = await subject.cluster.find_application(NAME)
    assert found is not None
    assert (found.sync, found.health, found.revision) == (Sync.SYNCED, Health.HEALTHY, REVISION)
    assert (found.operation, found.operation_message) == ("Succeeded", "successfully synced")
    assert (found.resources, found.errors) == (3, ())
    assert found.web_url.endswith(f"/applications/argocd/{NAME}")


async def test_what_does_not_run_says_why_and_the_pods_come_first(subject: Subject) -> None:
    assert await subject.cluster.find_troubles(NAME) == ()
    await subject.trouble()
    assert await subject.cluster.find_troubles(NAME) == TROUBLES


async def test_a_host_belongs_to_the_namespace_of_its_route_in_whatever_case(
    subject: Subject,
) -> None:
    await subject.route("shop", "hello.localhost")
    assert await subject.cluster.host_owner("Hello.localhost") == "shop"
    assert await subject.cluster.host_owner("other.localhost") is None
    assert await subject.cluster.namespace_exists("shop")


async def test_a_kind_that_is_not_installed_is_named_and_is_no_empty_answer(
    subject: Subject,
) -> None:
    await subject.forget_routes()
    with pytest.raises(PermanentError, match=r"(?i)does not know.*httproute"):
        await subject.cluster.host_owner("hello.localhost")


def _server(answer: web.Response) -> web.Application:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", respond)
    return app


@pytest.fixture
async def answering(tmp_path: Path) -> AsyncIterator[Callable[[web.Response], Awaitable[Cluster]]]:
    """A cluster whose API server gives one answer to everything."""
    started: list[tuple[web.AppRunner, Kubernetes]] = []

    async def start(answer: web.Response) -> Cluster:
        runner = web.AppRunner(_server(answer))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        cluster = Kubernetes(kubeconfig=_kubeconfig(tmp_path, f"http://127.0.0.1:{port}"))
        started.append((runner, cluster))
        return cluster

    yield start
    for runner, cluster in started:
        await cluster.close()
        await runner.cleanup()


def _kubeconfig(folder: Path, server: str) -> Path:
    file = folder / "kubeconfig"
    file.write_text(f"""
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
clusters: [{{name: test, cluster: {{server: "{server}"}}}}]
users: [{{name: test, user: {{token: secret}}}}]
""")
    return file


@pytest.mark.parametrize("status", [409, 410, 429, 500, 503, 504])
async def test_a_busy_api_server_is_asked_again(
    answering: Callable[[web.Response], Awaitable[Cluster]], status: int
) -> None:
    cluster = await answering(web.Response(status=status, headers={"Retry-After": "7"}))
    with pytest.raises(TemporaryError) as raised:
        await cluster.find_application(NAME)
    assert raised.value.retry_after is not None
    assert raised.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({}, None), ({"Retry-After": "soon"}, None), ({"Retry-After": "9" * 30}, 3600)],
)
async def test_a_wish_to_be_left_alone_is_heard_for_an_hour_at_most(
    answering: Callable[[web.Response], Awaitable[Cluster]],
    header: dict[str, str],
    seconds: int | None,
) -> None:
    cluster = await answering(web.Response(status=429, headers=header))
    with pytest.raises(TemporaryError) as raised:
        await cluster.find_environment(NAME)
    wait = raised.value.retry_after
    assert (wait and wait.total_seconds()) == seconds


@pytest.mark.parametrize(
    ("is_silent", "words"), [(False, "could not be reached"), (True, "did not answer in time")]
)
async def test_a_connection_that_breaks_or_stays_silent_is_tried_again(
    tmp_path: Path,
    is_silent: bool,  # noqa: FBT001 pytest gives it by name
    words: str,
) -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_silent:
            await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        wait = timedelta(seconds=0.3 if is_silent else 10)
        cluster = Kubernetes(kubeconfig=_kubeconfig(tmp_path, url), timeout=wait)
        with pytest.raises(TemporaryError, match=words):
            await cluster.find_application(NAME)
        await cluster.close()
        await ended.wait()


@pytest.mark.parametrize(("status", "fix"), [(401, "Renew the token"), (403, "ClusterRole")])
async def test_a_refusal_says_what_to_do(
    answering: Callable[[web.Response], Awaitable[Cluster]], status: int, fix: str
) -> None:
    cluster = await answering(web.Response(status=status))
    with pytest.raises(PermanentError) as raised:
        await cluster.namespace_exists("shop")
    assert fix in raised.value.fix


async def test_where_the_bot_may_not_look_it_knows_of_no_trouble(
    answering: Callable[[web.Response], Awaitable[Cluster]],
) -> None:
    cluster = await answering(web.Response(status=403))
    assert await cluster.find_troubles(NAME) == ()


async def test_the_last_sync_tells_what_was_refused_and_not_how_often_it_was_tried(
    answering: Callable[[web.Response], Awaitable[Cluster]],
) -> None:
    refused = {"kind": "Service", "status": "SyncFailed", "message": "no right to do that"}
    state = {
        "phase": "Running",
        "message": "one or more tasks are not valid (retried 3 times). Retrying attempt #4 at 9:00AM.",
        "syncResult": {"resources": [refused, {"status": "Synced", "message": "configured"}]},
    }
    cluster = await answering(web.json_response({"status": {"operationState": state}}))
    found = await cluster.find_application(NAME)
    assert found is not None
    assert found.operation_message == "one or more tasks are not valid; no right to do that"


async def test_an_application_without_a_status_is_unknown_and_nothing_worse(
    answering: Callable[[web.Response], Awaitable[Cluster]],
) -> None:
    cluster = await answering(web.json_response({"metadata": {"name": NAME}}))
    assert await cluster.find_application(NAME) == Application(
        name=NAME,
        sync=Sync.UNKNOWN,
        health=Health.UNKNOWN,
        revision="",
        operation="",
        operation_message="",
        resources=0,
        errors=(),
        web_url="",
    )


async def test_conditions_that_end_in_error_are_the_applications_errors(
    answering: Callable[[web.Response], Awaitable[Cluster]],
) -> None:
    conditions = [
        {"type": "ComparisonError", "message": "no such branch"},
        {"type": "SharedResourceWarning", "message": "never mind"},
    ]
    cluster = await answering(web.json_response({"status": {"conditions": conditions}}))
    found = await cluster.find_application(NAME)
    assert found is not None
    assert found.errors == ("ComparisonError: no such branch",)


async def test_a_condition_about_an_older_generation_does_not_count(
    answering: Callable[[web.Response], Awaitable[Cluster]],
) -> None:
    conditions = [{**condition, "observedGeneration": 1} for condition in BROKEN]
    body = {"metadata": {"generation": 2}, "status": {"conditions": conditions}}
    cluster = await answering(web.json_response(body))
    found = await cluster.find_environment(NAME)
    assert found is not None
    assert not found.problem


async def test_a_cluster_that_nobody_serves_is_asked_again(tmp_path: Path) -> None:
    cluster = Kubernetes(kubeconfig=_kubeconfig(tmp_path, "http://127.0.0.1:1"))
    with pytest.raises(TemporaryError, match="could not be reached"):
        await cluster.namespace_exists("shop")
    await cluster.close()


@pytest.mark.parametrize("content", ["", "[]", "apiVersion: v1\nkind: Config\n", "{"])
async def test_an_unusable_kubeconfig_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(PermanentError, match="KUBECONFIG"):
        await Kubernetes(kubeconfig=file).namespace_exists("shop")


async def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="KUBECONFIG"):
        await Kubernetes(kubeconfig=tmp_path / "none").namespace_exists("shop")
