"""The controllers together: from a commit to an answer through the gateway, and what happens when something is wrong."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.sandbox import binaries
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, condition_of
from tests.contract import cluster_world
from tests.contract.cluster_world import APPLICATION, ENVIRONMENT, World, chart, eventually
from tests.plain_http import NO_CERTIFICATES

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
]

POD, DEPLOYMENT = Kind("v1", "Pod"), Kind("apps/v1", "Deployment")
Files = dict[str, str | None]
IMAGE = "environments/development/image.yaml"


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="world")
async def _world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    try:
        binaries.helm()
    except binaries.BinaryMissing as error:
        pytest.skip(str(error))
    async with cluster_world.world(tmp_path_factory.mktemp("cluster")) as world:
        await world.start_platform()
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="hello")
async def _hello(world: World) -> str:
    """One application that is live, for all who do not break it."""
    return await deploy(world, "hello")


async def is_live(world: World, name: str) -> bool:
    status = (await world.application(name))["status"]
    found = (
        status.get("sync", {}).get("status"),
        status.get("health", {}).get("status"),
        status.get("operationState", {}).get("phase"),
    )
    return found == ("Synced", "Healthy", "Succeeded")


async def deploy(world: World, slug: str, changes: Files | None = None) -> str:
    """Declare an application, push its first image, and wait until it is live; gives its name."""
    name = await begin(world, slug, changes)
    await eventually(lambda: is_live(world, name))
    return name


async def begin(world: World, slug: str, changes: Files | None = None, *, told: bool = True) -> str:
    name = f"payments-checkout-{slug}"
    deployment = world.repository(f"idp/payments/checkout-{slug}-deployment")
    image = world.image_values(world.registry.push("one"))
    deployment.commit(chart(slug) | {IMAGE: image} | (changes or {}))
    world.declare(name)
    if told:
        await world.pushed(world.repository("idp/platform/user-apps"))
    return name


async def condition(world: World, name: str, kind: str) -> str:
    application = await world.application(name)
    return str(condition_of(application, kind).get("message", ""))


async def pods(world: World, namespace: str) -> list[Object]:
    found, _ = await world.kube.list(POD)
    return [pod for pod in found if pod["metadata"]["namespace"] == namespace]


async def test_a_committed_environment_ends_in_an_answer_over_https(
    world: World, hello: str
) -> None:
    answer = await world.ask("hello.localhost")

    assert answer.status_code == 200
    assert answer.text in {"hello from one", "hello from two"}
    environment = await eventually(lambda: ready_environment(world, hello))
    assert environment["status"]["namespace"] == environment["status"]["application"] == hello


async def ready_environment(world: World, name: str) -> Object | None:
    found = await world.get(ENVIRONMENT, name)
    return found if found and condition_of(found, "Ready").get("status") == "True" else None


async def test_a_push_brings_the_next_version_and_no_request_is_lost(
    world: World, hello: str
) -> None:
    deployment = world.repository("idp/payments/checkout-hello-deployment")

    commit = deployment.commit({IMAGE: world.image_values(world.registry.push("two"))})
    await world.pushed(deployment)
    answers: list[httpx.Response] = []
    while not answers or "two" not in answers[-1].text:
        answers.append(await world.ask("hello.localhost"))

    assert {answer.status_code for answer in answers} == {200}
    application = await eventually(lambda: deployed(world, hello, commit))
    history = application["status"]["history"]
    assert [entry["id"] for entry in history[-2:]] == [len(history) - 2, len(history) - 1]
    assert history[-1]["initiatedBy"] == {"automated": True}


async def deployed(world: World, name: str, commit: str) -> Object | None:
    application = await world.application(name)
    result = (application["status"].get("operationState") or {}).get("syncResult") or {}
    is_there = result.get("revision") == commit and await is_live(world, name)
    return application if is_there else None


async def test_nothing_runs_without_an_image_and_what_leaves_the_chart_leaves_the_cluster(
    world: World,
) -> None:
    name = await deploy(world, "early", {IMAGE: "{}"})
    deployment = world.repository("idp/payments/checkout-early-deployment")

    assert await pods(world, name) == []
    answer = await world.ask("early.localhost")
    assert answer.status_code == 404
    assert "No application answers to early.localhost" in answer.text

    deployment.commit({IMAGE: world.image_values(world.registry.push("one"))})
    await world.pushed(deployment)
    await eventually(lambda: running(world, name))
    deployment.commit({IMAGE: "{}"})
    await world.pushed(deployment)
    await eventually(lambda: absent(world, DEPLOYMENT, name, name))
    assert await eventually(lambda: no_pods(world, name))


async def running(world: World, namespace: str) -> bool:
    return any(
        condition_of(pod, "Ready").get("status") == "True" for pod in await pods(world, namespace)
    )


async def no_pods(world: World, namespace: str) -> bool:
    return not await pods(world, namespace)


async def test_taking_the_manifest_away_takes_everything_down(world: World) -> None:
    name = await deploy(world, "leaving")
    user_apps = world.repository("idp/platform/user-apps")

    user_apps.commit({f"environments/development/{name}.yaml": None})
    await world.pushed(user_apps)

    await eventually(lambda: absent(world, ENVIRONMENT, name))
    await eventually(lambda: absent(world, APPLICATION, name, "argocd"))
    await eventually(lambda: absent(world, Kind("v1", "Namespace"), name))
    assert (await world.ask("leaving.localhost")).status_code == 404


async def absent(world: World, kind: Kind, name: str, namespace: str = "") -> bool:
    return await world.get(kind, name, namespace) is None


async def test_what_somebody_changes_by_hand_is_changed_back(world: World, hello: str) -> None:
    settings = Key(hello, "settings")

    kind = Kind("v1", "ConfigMap")
    await world.kube.patch(kind, settings, {"data": {"GREETING": "bonjour", "MORE": "stays"}})

    async def healed() -> bool:
        found = await world.kube.get(kind, settings)
        return bool(found and found["data"]["GREETING"] == "hello")

    assert await eventually(healed)


async def test_a_chart_that_does_not_render_is_told_in_helms_words_and_changes_nothing(
    world: World,
) -> None:
    name = await deploy(world, "broken")
    deployment = world.repository("idp/payments/checkout-broken-deployment")

    deployment.commit({"templates/broken.yaml": "{{ .Values.missing.deep }}"})
    await world.pushed(deployment)

    message = await eventually(lambda: condition(world, name, "ComparisonError"))
    assert "nil pointer evaluating interface {}.deep" in message
    assert (await world.ask("broken.localhost")).status_code == 200
    deployment.commit({"templates/broken.yaml": None})
    await world.pushed(deployment)
    await eventually(lambda: is_live(world, name))
    assert await condition(world, name, "ComparisonError") == ""


async def test_an_image_that_comes_late_is_run_when_it_comes(world: World) -> None:
    other = "sha256:" + "0" * 64
    name = await begin(world, "late", {IMAGE: world.image_values(other)})

    reason = await eventually(lambda: waiting_for(world, name))

    assert reason in {"ErrImagePull", "ImagePullBackOff"}
    assert (await world.ask("late.localhost")).status_code == 503
    deployment = world.repository("idp/payments/checkout-late-deployment")
    deployment.commit({IMAGE: world.image_values(world.registry.push("here"))})
    await world.pushed(deployment)
    await eventually(lambda: is_live(world, name))
    assert (await world.ask("late.localhost")).text == "hello from here"


async def waiting_for(world: World, namespace: str) -> str:
    for pod in await pods(world, namespace):
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            reason = (status["state"].get("waiting") or {}).get("reason", "")
            if reason not in {"", "ContainerCreating"}:
                return str(reason)
    return ""


async def test_a_process_that_dies_is_started_again(world: World) -> None:
    program = "import sys; print('no database', flush=True); sys.exit(3)"
    image = world.image_values(world.registry.push("dying", program))
    name = await begin(world, "dying", {IMAGE: image})

    await eventually(lambda: restarted(world, name))

    assert await eventually(lambda: waiting_for(world, name)) == "CrashLoopBackOff"
    pod = (await pods(world, name))[0]
    last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")


async def restarted(world: World, namespace: str) -> bool:
    found = [
        status
        for pod in await pods(world, namespace)
        for status in (pod.get("status") or {}).get("containerStatuses") or []
    ]
    return any(status["restartCount"] > 1 for status in found)


@contextlib.asynccontextmanager
async def fault(world: World, kind: str, **wish: Any) -> AsyncIterator[None]:
    """Have the cluster be faulty for a while, as somebody asks for it at Argo CD's address."""
    async with httpx.AsyncClient(
        base_url=world.cluster.argocd_url, verify=NO_CERTIFICATES
    ) as client:
        wanted = {"kind": kind, "part": "cluster", "progress_deadline": 0.2, **wish}
        (await client.post("/sandbox/faults", json=wanted)).raise_for_status()
        yield
        await client.delete("/sandbox/faults")


async def health(world: World, name: str) -> str:
    status = (await world.application(name))["status"]
    return str(status.get("health", {}).get("status"))


async def test_an_application_that_is_to_be_degraded_crashes_and_recovers(world: World) -> None:
    name = await deploy(world, "brittle")
    async with fault(world, "degraded-application", application=name):
        await eventually(lambda: _is_degraded(world, name))
        assert await eventually(lambda: waiting_for(world, name)) == "CrashLoopBackOff"
        pod = (await pods(world, name))[0]
        last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
        deployment = await world.get(DEPLOYMENT, name, name) or {}

    assert last["exitCode"] == 137
    assert condition_of(deployment, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    await eventually(lambda: is_live(world, name))
    assert (await world.ask("brittle.localhost")).status_code == 200


async def _is_degraded(world: World, name: str) -> bool:
    return await health(world, name) == "Degraded"


async def test_a_full_quota_lets_nothing_new_in_and_takes_nothing_away(world: World) -> None:
    name = await deploy(world, "crowded")
    deployment = world.repository("idp/payments/checkout-crowded-deployment")
    async with fault(world, "full-quota", application=name):
        deployment.commit({IMAGE: world.image_values(world.registry.push("two"))})
        await world.pushed(deployment)
        await eventually(lambda: _is_degraded(world, name))
        live = await world.get(DEPLOYMENT, name, name) or {}
        old = await world.ask("crowded.localhost")

    assert old.text == "hello from one"
    refusal = condition_of(live, "ReplicaFailure")["message"]
    assert (
        "exceeded quota: sandbox-full-quota, requested: pods=1, used: pods=1, limited: pods=1"
        in refusal
    )
    await eventually(lambda: _says(world, "crowded.localhost", "hello from two"))


async def _says(world: World, host: str, words: str) -> bool:
    return (await world.ask(host)).text == words


async def test_a_team_cannot_deploy_from_another_teams_repository(world: World) -> None:
    deployment = world.repository("idp/storefront/webshop-secret-deployment")
    deployment.commit(chart("stolen"))
    name = "payments-checkout-stolen"
    manifest: dict[str, Any] = {
        "apiVersion": ENVIRONMENT.api_version,
        "kind": ENVIRONMENT.kind,
        "metadata": {"name": name},
        "spec": {
            "team": "payments",
            "system": "checkout",
            "component": "checkout-stolen",
            "environment": "development",
            "source": {"repoURL": deployment.url, "targetRevision": "main"},
        },
    }
    user_apps = world.repository("idp/platform/user-apps")
    user_apps.commit({f"environments/development/{name}.yaml": json.dumps(manifest)})
    await world.pushed(user_apps)

    message = await eventually(lambda: condition(world, name, "InvalidSpecError"))

    assert "is not permitted in project 'payments'" in message


async def test_a_team_makes_nothing_that_belongs_to_the_whole_cluster(world: World) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: mine}\n"
    name = await begin(world, "greedy", {"templates/role.yaml": role})

    async def message() -> str:
        state = (await world.application(name))["status"].get("operationState") or {}
        return str(state.get("message", "")) if state.get("retryCount") else ""

    assert "ClusterRole is not permitted in project payments" in await eventually(message)
    assert await absent(world, Kind("rbac.authorization.k8s.io/v1", "ClusterRole"), "mine")


async def test_a_composition_that_fails_says_so_in_synced(world: World) -> None:
    composition, key = (
        Kind("apiextensions.crossplane.io/v1", "Composition"),
        Key("", "failing.example.org"),
    )
    xrd = json.loads(_XRD)
    step = {
        "step": "compose",
        "functionRef": {"name": "function-python"},
        "input": {
            "apiVersion": "python.fn.crossplane.io/v1beta1",
            "kind": "Script",
            "script": "def compose(req, rsp):\n    raise ValueError('no size given')\n",
        },
    }
    await world.kube.create(xrd)
    await world.kube.create(
        {
            "apiVersion": composition.api_version,
            "kind": composition.kind,
            "metadata": {"name": key.name},
            "spec": {
                "compositeTypeRef": {"apiVersion": "example.org/v1", "kind": "Failing"},
                "mode": "Pipeline",
                "pipeline": [step],
            },
        }
    )
    failing = Kind("example.org/v1", "Failing")

    async def served() -> bool:
        found = await world.get(Kind(xrd["apiVersion"], xrd["kind"]), "failings.example.org")
        return bool(found) and condition_of(found or {}, "Established").get("status") == "True"

    await eventually(served)
    await world.kube.create(
        {"apiVersion": "example.org/v1", "kind": "Failing", "metadata": {"name": "one"}, "spec": {}}
    )

    async def synced() -> Object:
        return condition_of(await world.get(failing, "one") or {}, "Synced")

    found = await eventually(synced)
    assert (found["status"], found["reason"]) == ("False", "ReconcileError")
    assert "ValueError: no size given" in found["message"]


_XRD = """{
  "apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition",
  "metadata": {"name": "failings.example.org"},
  "spec": {"group": "example.org", "scope": "Cluster", "names": {"kind": "Failing", "plural": "failings"},
    "versions": [{"name": "v1", "served": true, "referenceable": true,
      "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}}}]}
}"""


async def test_a_webhook_that_is_not_gitlabs_is_refused(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.cluster.argocd_url, verify=NO_CERTIFICATES) as http:
        answer = await http.post("/api/webhook", json={}, headers={"X-GitHub-Event": "push"})

    assert answer.status_code == 400


async def test_the_pages_show_the_application_and_all_that_grew_out_of_it(
    world: World, hello: str
) -> None:
    async with httpx.AsyncClient(base_url=world.cluster.argocd_url, verify=NO_CERTIFICATES) as http:
        listed = await http.get("/applications")
        page = await http.get(f"/applications/argocd/{hello}")
        missing = await http.get("/applications/argocd/nowhere")
        api = await http.get(f"/api/v1/applications/{hello}")

    assert hello in listed.text
    assert all(word in page.text for word in ("ReplicaSet", "Pod", "HTTPRoute", "Healthy"))
    assert missing.status_code == 404
    assert api.json()["status"]["sync"]["status"] == "Synced"


async def test_the_route_tells_that_the_gateway_took_it(world: World, hello: str) -> None:
    route = await world.get(Kind("gateway.networking.k8s.io/v1", "HTTPRoute"), hello, hello)

    parents = (route or {})["status"]["parents"]
    assert {c["type"]: c["status"] for c in parents[0]["conditions"]} == {
        "Accepted": "True",
        "ResolvedRefs": "True",
        "Programmed": "True",
    }


async def test_a_cluster_that_is_started_again_goes_on_where_it_was(tmp_path: Path) -> None:
    async with cluster_world.world(tmp_path) as before:
        # What is in Git already comes with the cluster, in whatever order its definitions do.
        before.publish_charts()
        name = await begin(before, "again", told=False)
        await before.follow_charts()
        await eventually(lambda: is_live(before, name))
        authority = before.cluster.ca.read_text()
        uid = (await pods(before, name))[0]["metadata"]["uid"]
        registry = before.registry

    async with cluster_world.world(tmp_path, registry) as after:

        async def answers() -> bool:
            return (await after.ask("again.localhost")).status_code == 200

        assert await eventually(answers)
        pod = (await pods(after, name))[0]
        assert pod["metadata"]["uid"] == uid
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 1
        assert after.cluster.ca.read_text() == authority
        assert await eventually(lambda: is_live(after, name))
