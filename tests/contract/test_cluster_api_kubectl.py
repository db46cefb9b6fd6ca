"""Real kubectl and the API server: what a platform engineer types."""

import asyncio
import json

from bot.sandbox import binaries
from tests.contract.cluster_clients import (
    DEPLOYMENTS,
    World,
    a_definition,
    a_deployment,
    a_widget,
    needs,
    seeded,
    widgets,
    world,
)

__all__ = ["seeded", "widgets", "world"]

pytestmark = needs(binaries.kubectl)


async def applied(world: World, *bodies: object) -> None:
    """Apply manifests on the server's side."""
    text = "\n---\n".join(json.dumps(body) for body in bodies)
    ran = await world.kubectl("apply", "--server-side", "-f", "-", stdin=text)
    assert ran.code == 0, ran.err


async def test_server_side_apply_creates_and_repeats(world: World) -> None:
    await applied(world, a_deployment(replicas=2))
    await applied(world, a_deployment(replicas=2))

    shown = await world.kubectl("get", "deployments,services", "-o", "wide")

    assert shown.out.split("\n")[0].split() == [
        "NAME",
        "READY",
        "UP-TO-DATE",
        "AVAILABLE",
        "AGE",
        "IMAGES",
        "SELECTOR",
    ]
    assert shown.out.split("\n")[1].split()[:2] == ["deployment.apps/web", "0/2"]
    assert (await world.http.get(f"{DEPLOYMENTS}/web")).json()["metadata"]["generation"] == 1


async def test_apply_shows_conflicts_and_can_force(world: World) -> None:
    await applied(world, a_deployment(replicas=2))
    patched = await world.kubectl("patch", "deployment", "web", "-p", '{"spec":{"replicas":5}}')
    body = json.dumps(a_deployment(replicas=2))

    refused = await world.kubectl("apply", "--server-side", "-f", "-", stdin=body)
    forced = await world.kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=body
    )

    assert patched.code == 0
    assert 'conflict with "kubectl-patch" using apps/v1: .spec.replicas' in refused.err
    assert forced.code == 0


async def test_client_side_apply_takes_out_what_is_no_longer_there(world: World) -> None:
    body = a_deployment(replicas=2, paused=True)
    first = await world.kubectl("apply", "-f", "-", stdin=json.dumps(body))
    second = await world.kubectl("apply", "-f", "-", stdin=json.dumps(a_deployment(replicas=3)))

    spec = (await world.http.get(f"{DEPLOYMENTS}/web")).json()["spec"]
    assert (first.out, second.out) == (
        "deployment.apps/web created\n",
        "deployment.apps/web configured\n",
    )
    assert spec["replicas"] == 3
    assert "paused" not in spec


async def test_a_typing_error_is_found_before_anything_is_made(world: World) -> None:
    body = a_deployment()
    body["spec"]["template"]["spec"]["containers"][0]["imag"] = "x"

    refused = await world.kubectl("create", "-f", "-", stdin=json.dumps(body))

    assert refused.code == 1
    assert 'unknown field "spec.template.spec.containers[0].imag"' in refused.err


async def test_custom_kinds_are_listed_explained_and_found_by_short_name(widgets: World) -> None:
    await applied(widgets, a_widget(parts=[{"name": "x"}]))

    listed = await widgets.kubectl("get", "wd")
    explained = await widgets.kubectl("explain", "widgets.spec.size")
    served = await widgets.kubectl("api-resources", "--api-group", "example.com")

    assert [line.split() for line in listed.out.splitlines()] == [
        ["NAME", "SIZE", "PARTS"],
        ["w", "S", "x"],
    ]
    assert "FIELD: size <string>" in explained.out
    assert "ENUM:    S    M    L" in explained.out.replace("\n", "")
    assert ["widgets", "wd", "example.com/v1", "true", "Widget"] in [
        row.split() for row in served.out.splitlines()
    ]


async def test_built_in_kinds_are_explained(world: World) -> None:
    explained = await world.kubectl("explain", "deployment.spec.template.spec.containers.ports")

    assert "containerPort" in explained.out
    assert "-required-" in explained.out


async def test_wait_returns_when_the_condition_comes_true(widgets: World) -> None:
    await widgets.create("/apis/example.com/v1/namespaces/default/widgets", a_widget())
    arguments = ("wait", "--for=jsonpath={.status.phase}=Ready", "widget/w", "--timeout=20s")

    waiting = asyncio.create_task(widgets.kubectl(*arguments))
    await asyncio.sleep(0.5)
    path = "/apis/example.com/v1/namespaces/default/widgets/w/status"
    await widgets.patch(path, {"status": {"phase": "Ready"}})

    assert (await waiting).out == "widget.example.com/w condition met\n"


async def test_a_definition_can_be_waited_for(world: World) -> None:
    await applied(world, a_definition())

    waited = await world.kubectl(
        "wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=10s"
    )

    assert waited.code == 0


async def test_watching_shows_each_change_in_a_row(world: World) -> None:
    await applied(world, a_deployment(replicas=1))

    async with world.kubectl_rows("get", "deployments", "--watch") as row:
        rows = [await row(), await row()]
        for replicas in (4, 2):
            await world.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": replicas}})
            rows.append(await row())

    told = [row.split()[:2] for row in rows]
    assert told == [["NAME", "READY"], ["web", "0/1"], ["web", "0/4"], ["web", "0/2"]]


async def test_describe_shows_the_object_and_its_events(world: World) -> None:
    await applied(world, a_deployment())
    made = (await world.http.get(f"{DEPLOYMENTS}/web")).json()["metadata"]
    event = {
        "metadata": {"generateName": "web."},
        "involvedObject": {
            "kind": "Deployment",
            "name": "web",
            "namespace": "default",
            "uid": made["uid"],
        },
        "reason": "Scaled",
        "message": "made one",
        "type": "Normal",
    }
    await world.create("/api/v1/namespaces/default/events", event)

    described = await world.kubectl("describe", "deployment", "web")

    assert "Image:         example/web:1" in described.out
    assert "made one" in described.out


async def test_logs_scale_label_rollout_and_delete(world: World) -> None:
    await applied(world, a_deployment())
    spec = {"containers": [{"name": "main", "image": "x"}]}
    await world.create("/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": spec})
    log = world.api.logs / "default" / "p" / "main.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\n")

    logs = await world.kubectl("logs", "p", "--tail", "1")
    scaled = await world.kubectl("scale", "deployment/web", "--replicas", "3")
    labelled = await world.kubectl("label", "deployment/web", "a=b")
    restarted = await world.kubectl("rollout", "restart", "deployment/web")
    deleted = await world.kubectl("delete", "deployment/web", "pod/p", "--timeout=10s")

    assert logs.out == "two\n"
    assert [ran.code for ran in (scaled, labelled, restarted, deleted)] == [0, 0, 0, 0]
    assert (await world.http.get(f"{DEPLOYMENTS}/web")).status_code == 404


async def test_commands_that_speak_protobuf_are_understood(world: World) -> None:
    made = [
        await world.kubectl("create", "namespace", "n"),
        await world.kubectl("create", "configmap", "c", "-n", "n", "--from-literal=a=b"),
        await world.kubectl("create", "secret", "generic", "s", "-n", "n", "--from-literal=a=b"),
        await world.kubectl("create", "deployment", "d", "-n", "n", "--image=example/d"),
        await world.kubectl("create", "role", "r", "-n", "n", "--verb=get", "--resource=pods"),
        await world.kubectl("create", "token", "default", "-n", "n"),
    ]

    assert [ran.err for ran in made] == [""] * len(made)
    secret = (await world.http.get("/api/v1/namespaces/n/secrets/s")).json()
    assert secret["data"] == {"a": "Yg=="}
    deployment = (await world.http.get("/apis/apps/v1/namespaces/n/deployments/d")).json()
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "example/d"


async def test_rights_are_told_truthfully(world: World) -> None:
    admin = await world.kubectl("auth", "can-i", "create", "pods")
    bot = await world.kubectl("--context", "idp-bot", "auth", "can-i", "create", "pods")
    me = await world.kubectl("--context", "idp-bot", "auth", "whoami")

    assert (admin.out, bot.out) == ("yes\n", "no\n")
    assert "system:serviceaccount:idp:idp-bot" in me.out


async def test_a_namespace_is_deleted_and_waited_for(world: World) -> None:
    await world.kubectl("create", "namespace", "n")
    await world.kubectl("create", "configmap", "c", "-n", "n", "--from-literal=a=b")

    deleted = await world.kubectl("delete", "namespace", "n", "--timeout=10s")

    assert deleted.code == 0
    assert (await world.http.get("/api/v1/namespaces/n")).status_code == 404


async def test_diff_is_empty_after_an_apply(world: World) -> None:
    await applied(world, a_deployment())

    same = await world.kubectl("diff", "--server-side", "-f", "-", stdin=json.dumps(a_deployment()))
    other = await world.kubectl(
        "diff", "--server-side", "-f", "-", stdin=json.dumps(a_deployment(replicas=9))
    )

    assert (same.code, same.out) == (0, "")
    assert other.code == 1
    assert "+  replicas: 9" in other.out
