"""What runs in the cluster without Argo CD: as kubectl shows it, with real processes."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.sandbox import binaries
from bot.sandbox.cluster.controllers.kube import ApiError
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, condition_of
from tests.contract import cluster_world
from tests.contract.cluster_clients import Ran
from tests.contract.cluster_world import World, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEPLOYMENT, JOB = Kind("apps/v1", "Deployment"), Kind("batch/v1", "Job")
ROUTE, SERVICE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute"), Kind("v1", "Service")
# Answers with the request as it arrived.
ECHO = """
    import os
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"{self.path}\\n{self.headers}".lower().encode()
            self.send_response(200)
            self.send_header("X-Inside", "secret")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
HPA = Kind("autoscaling/v2", "HorizontalPodAutoscaler")


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="world")
async def _world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    try:
        binaries.kubectl()
    except binaries.BinaryMissing as error:
        pytest.skip(str(error))
    async with cluster_world.world(tmp_path_factory.mktemp("workloads")) as world:
        yield world


async def kubectl(world: World, *words: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        binaries.kubectl(),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"KUBECONFIG": str(world.cluster.admin_kubeconfig)},
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


def image(world: World, program: str | None = None) -> str:
    digest = world.registry.push("one", *([program] if program else []))
    return f"localhost:{world.registry.port}/hello@{digest}"


async def deploy(world: World, name: str, program: str | None = None, **spec: Any) -> Object:
    container = {"name": "app", "image": image(world, program), "ports": [{"containerPort": 8080}]}
    ready = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container | ({} if program else {"readinessProbe": ready})]},
    }
    made = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return await world.kube.create(_object(DEPLOYMENT, name, made))


def _object(kind: Kind, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


async def run_job(world: World, name: str, program: str, **spec: Any) -> None:
    container = {"name": "main", "image": image(world, program)}
    pod = {"restartPolicy": "Never", "containers": [container]}
    await world.kube.create(_object(JOB, name, {"template": {"spec": pod}, **spec}))


async def test_a_deployment_is_waited_for_read_scaled_and_described(world: World) -> None:
    await deploy(world, "web")

    waited = await kubectl(
        world, "wait", "deployment/web", "--for=condition=Available", "--timeout=20s"
    )
    assert waited.out == "deployment.apps/web condition met\n", waited.err
    assert "listening" in (await kubectl(world, "logs", "deployment/web")).out
    await kubectl(world, "scale", "deployment/web", "--replicas=2")
    rolled = await kubectl(world, "rollout", "status", "deployment/web", "--timeout=20s")
    assert 'deployment "web" successfully rolled out' in rolled.out
    told = (await kubectl(world, "describe", "deployment", "web")).out
    assert "ScalingReplicaSet" in told
    assert "from 1 to 2" in told
    names = await kubectl(world, "get", "pods", "--selector=app=web", "--output=name")
    pod = (await kubectl(world, "describe", names.out.split()[0])).out
    for reason in ("Scheduled", "Pulled", "Started"):
        assert reason in pod
    assert "Started container app" in pod


async def test_a_process_that_keeps_dying_is_told_in_events(world: World) -> None:
    await deploy(world, "dying", "import sys; print('no database'); sys.exit(3)")

    async def told() -> bool:
        events = await kubectl(world, "events", "--types=Warning")
        return "Back-off restarting failed container app" in events.out

    await eventually(told)
    logs = await kubectl(world, "logs", "deployment/dying")
    assert "no database" in logs.out
    await world.kube.delete(DEPLOYMENT, Key("default", "dying"))


async def test_an_image_that_is_not_there_is_told_in_events(world: World) -> None:
    spec = {"containers": [{"name": "app", "image": f"localhost:{world.registry.port}/none:1"}]}
    await world.kube.create(_object(Kind("v1", "Pod"), "lost", spec))

    async def told() -> bool:
        return "Failed to pull image" in (await kubectl(world, "describe", "pod", "lost")).out

    await eventually(told)


async def test_a_job_runs_to_its_end(world: World) -> None:
    await run_job(world, "migrate", "print('migrated')", completions=2)

    waited = await kubectl(
        world, "wait", "job/migrate", "--for=condition=Complete", "--timeout=20s"
    )

    assert waited.code == 0, waited.err
    assert "migrated" in (await kubectl(world, "logs", "job/migrate")).out
    job = await world.kube.get(JOB, Key("default", "migrate"))
    assert job
    assert (job["status"]["succeeded"], job["status"].get("active", 0)) == (2, 0)


async def test_a_job_whose_pods_would_never_end_is_refused(world: World) -> None:
    pod = {"containers": [{"name": "main", "image": "x"}]}
    with pytest.raises(ApiError) as refused:
        await world.kube.create(_object(JOB, "endless", {"template": {"spec": pod}}))
    assert refused.value.code == 422
    assert 'valid values: "OnFailure", "Never"' in str(refused.value)


async def test_a_job_that_fails_too_often_has_failed(world: World) -> None:
    await run_job(world, "broken", "raise SystemExit(1)", backoffLimit=1)

    async def failed() -> str:
        job = await world.kube.get(JOB, Key("default", "broken")) or {}
        return str(condition_of(job, "Failed").get("reason", ""))

    assert await eventually(failed) == "BackoffLimitExceeded"
    job = await world.kube.get(JOB, Key("default", "broken"))
    assert job
    assert job["status"]["failed"] == 2


async def test_an_autoscaler_keeps_its_bounds_and_says_that_nothing_is_measured(
    world: World,
) -> None:
    await deploy(world, "scaled")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "scaled"}
    spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 4}
    await world.kube.create(_object(HPA, "scaled", spec))

    async def rescaled() -> bool:
        found = await world.kube.get(DEPLOYMENT, Key("default", "scaled"))
        return bool(found and found["spec"]["replicas"] == 2)

    await eventually(rescaled)

    async def told() -> bool:
        return "measures no load" in (await kubectl(world, "describe", "hpa", "scaled")).out

    await eventually(told)
    await world.kube.delete(DEPLOYMENT, Key("default", "scaled"))

    async def without_target() -> bool:
        found = await world.kube.get(HPA, Key("default", "scaled")) or {}
        return condition_of(found, "AbleToScale").get("reason") == "FailedGetScale"

    await eventually(without_target)


async def test_what_is_kept_and_not_enforced_says_so_once(world: World) -> None:
    policy = Kind("networking.k8s.io/v1", "NetworkPolicy")
    await world.kube.create(_object(policy, "closed", {"podSelector": {}}))

    async def told() -> str:
        described = (
            await kubectl(world, "get", "events", "--field-selector=reason=NotEnforced")
        ).out
        return described if "Kept, but not enforced" in described else ""

    assert (await eventually(told)).count("NotEnforced") == 1


async def test_a_pod_that_may_not_be_made_is_told_at_its_replica_set(world: World) -> None:
    namespace = {"name": "strict", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    await world.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})
    labels = {"app": "open"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": image(world)}]},
    }
    made = _object(DEPLOYMENT, "open", {"selector": {"matchLabels": labels}, "template": template})
    made["metadata"]["namespace"] = "strict"
    await world.kube.create(made)

    async def told() -> bool:
        events = await kubectl(world, "describe", "replicaset", "--namespace=strict")
        return "FailedCreate" in events.out and "violates PodSecurity" in events.out

    await eventually(told)
    await world.kube.delete(DEPLOYMENT, Key("strict", "open"))


async def publish(world: World, host: str, *filters: Object, section: str | None = None) -> Object:
    parent = {"name": "external", "namespace": "gateway"}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/api"}}],
        "filters": list(filters),
    }
    if not any(each["type"] == "RequestRedirect" for each in filters):
        rule["backendRefs"] = [{"name": "echo", "port": 80}]
    spec = {
        "parentRefs": [parent | ({"sectionName": section} if section else {})],
        "hostnames": [f"{host}.localhost"],
        "rules": [rule],
    }
    return await world.kube.create(_object(ROUTE, f"{host}-{section or 'both'}", spec))


async def accepted(world: World, name: str) -> Object:
    async def found() -> Object | None:
        route = await world.kube.get(ROUTE, Key("default", name)) or {}
        for parent in (route.get("status") or {}).get("parents") or []:
            return condition_of({"status": parent}, "Accepted")
        return None

    condition: Object = await eventually(found)
    return condition


async def test_filters_change_what_the_application_and_the_client_see(world: World) -> None:
    await deploy(world, "echo", ECHO)
    ports = [{"port": 80, "targetPort": 8080}]
    await world.kube.create(_object(SERVICE, "echo", {"selector": {"app": "echo"}, "ports": ports}))
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"}
    inside = {"set": [{"name": "X-Team", "value": "payments"}], "remove": ["user-agent"]}
    outside = {"add": [{"name": "X-Frame-Options", "value": "DENY"}], "remove": ["X-Inside"]}
    await publish(
        world,
        "changed",
        {"type": "URLRewrite", "urlRewrite": {"hostname": "inner.test", "path": path}},
        {"type": "RequestHeaderModifier", "requestHeaderModifier": inside},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": outside},
    )

    async def answered() -> Any:
        answer = await world.ask("changed.localhost", "/api/items?n=1")
        return answer if answer.status_code == 200 else None

    answer = await eventually(answered)
    assert answer.text.startswith("/v2/items?n=1\n")
    assert "host: inner.test" in answer.text
    assert "x-team: payments" in answer.text
    assert "user-agent" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert "x-inside" not in answer.headers


async def test_plain_http_is_sent_to_https(world: World) -> None:
    redirect = {"scheme": "https", "statusCode": 301}
    await publish(
        world, "moved", {"type": "RequestRedirect", "requestRedirect": redirect}, section="http"
    )
    assert (await accepted(world, "moved-http"))["status"] == "True"
    host = {"Host": f"moved.localhost:{world.cluster.http.rpartition(':')[2]}"}
    port = world.cluster.http.rpartition(":")[2]

    async with httpx.AsyncClient(verify=False) as http:  # noqa: S501 - plain HTTP
        answer = await http.get(f"http://127.0.0.1:{port}/api/x?y=1", headers=host)

    https = world.cluster.https.rpartition(":")[2]
    assert answer.status_code == 301
    assert answer.headers["location"] == f"https://moved.localhost:{https}/api/x?y=1"
    assert (await world.ask("moved.localhost", "/api/x")).status_code == 404


@pytest.mark.parametrize(
    ("filters", "section", "reason"),
    [
        (("RequestMirror",), None, "UnsupportedValue"),
        ((), "grpc", "NoMatchingParent"),
    ],
)
async def test_a_route_that_asks_for_too_much_is_told_why_it_is_not_served(
    world: World, filters: tuple[str, ...], section: str | None, reason: str
) -> None:
    mirror = {"backendRef": {"name": "echo", "port": 80}}
    wanted = [{"type": each, "requestMirror": mirror} for each in filters]
    host = f"refused-{reason.lower()}"
    await publish(world, host, *wanted, section=section)

    condition = await accepted(world, f"{host}-{section or 'both'}")

    assert (condition["status"], condition["reason"]) == ("False", reason)
    assert (await world.ask(f"{host}.localhost", "/api")).status_code == 404
