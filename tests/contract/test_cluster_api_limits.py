"""Guardrails of a namespace: quotas that count, usual limits, and Pod Security Standards."""

from tests.contract.cluster_clients import Object, World, a_deployment, seeded, world

__all__ = ["seeded", "world"]

HERE = "/api/v1/namespaces/default"
PODS = f"{HERE}/pods"
QUOTA = f"{HERE}/resourcequotas/q"


def a_pod(name: str, **container: object) -> Object:
    containers = [{"name": "main", "image": "i", **container}]
    return {"metadata": {"name": name}, "spec": {"containers": containers}}


async def a_quota(world: World, **hard: str) -> None:
    named = {name.replace("_", "."): limit for name, limit in hard.items()}
    await world.create(
        f"{HERE}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": named}}
    )


async def used(world: World) -> Object:
    status: Object = (await world.http.get(QUOTA)).json()["status"]["used"]
    return status


async def test_a_quota_counts_what_is_there_and_refuses_what_is_too_much(world: World) -> None:
    await world.create(PODS, a_pod("one"))
    await a_quota(world, pods="2")
    before = await used(world)
    await world.create(PODS, a_pod("two"))

    refused = await world.http.post(PODS, json=a_pod("three"))

    assert (before, await used(world)) == ({"pods": "1"}, {"pods": "2"})
    assert refused.status_code == 403
    assert refused.json()["message"] == (
        'pods "three" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'
    )


async def test_what_is_deleted_can_be_used_again(world: World) -> None:
    await a_quota(world, pods="1")
    await world.create(PODS, a_pod("one"))
    await world.http.delete(f"{PODS}/one")

    assert await used(world) == {"pods": "0"}
    await world.create(PODS, a_pod("two"))


async def test_compute_is_counted_in_quantities(world: World) -> None:
    await a_quota(world, requests_cpu="1", limits_memory="1Gi")
    resources = {"requests": {"cpu": "600m"}, "limits": {"memory": "512Mi"}}
    await world.create(PODS, a_pod("one", resources=resources))

    refused = await world.http.post(PODS, json=a_pod("two", resources=resources))
    silent = await world.http.post(PODS, json=a_pod("three"))

    assert await used(world) == {"requests.cpu": "600m", "limits.memory": "512Mi"}
    assert "exceeded quota: q, requested: requests.cpu=600m" in refused.json()["message"]
    assert "failed quota: q: must specify requests.cpu,limits.memory" in silent.json()["message"]


async def test_a_limit_range_says_what_is_usual(world: World) -> None:
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}
    body = {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    await world.create(f"{HERE}/limitranges", body)

    pod = await world.create(PODS, a_pod("one"))

    resources = pod["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}


async def enforce(world: World, level: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": level}
    await world.patch("/api/v1/namespaces/default", {"metadata": {"labels": labels}})


async def test_restricted_namespaces_take_restricted_pods_only(world: World) -> None:
    await enforce(world, "restricted")
    careful = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }

    refused = await world.http.post(PODS, json=a_pod("careless"))
    await world.create(PODS, a_pod("careful", securityContext=careful))

    assert refused.status_code == 403
    message = refused.json()["message"]
    assert message.startswith(
        'pods "careless" is forbidden: violates PodSecurity "restricted:latest"'
    )
    assert 'container "main" must set securityContext.runAsNonRoot=true' in message
    assert "seccompProfile" in message


async def test_baseline_namespaces_refuse_privileges(world: World) -> None:
    await enforce(world, "baseline")

    plain = await world.http.post(PODS, json=a_pod("plain"))
    privileged = await world.http.post(PODS, json=a_pod("p", securityContext={"privileged": True}))

    assert (plain.status_code, privileged.status_code) == (201, 403)


async def test_a_workload_whose_pods_would_be_refused_comes_with_a_warning(world: World) -> None:
    await enforce(world, "restricted")

    made = await world.http.post(
        "/apis/apps/v1/namespaces/default/deployments", json=a_deployment()
    )

    assert made.status_code == 201
    assert "would violate PodSecurity" in made.headers["warning"]


async def test_built_in_kinds_are_checked_beyond_their_types(world: World) -> None:
    other = {"metadata": {"labels": {"app": "other"}}}
    body = a_deployment(replicas=-1)
    body["spec"]["template"] |= other
    body["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = 70000

    refused = await world.http.post("/apis/apps/v1/namespaces/default/deployments", json=body)

    fields = {cause["field"] for cause in refused.json()["details"]["causes"]}
    assert fields == {
        "spec.replicas",
        "spec.template.metadata.labels",
        "spec.template.spec.containers[0].ports[0].containerPort",
    }
