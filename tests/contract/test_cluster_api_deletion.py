"""What goes with what: finalizers, owners, namespaces, and pods that a node still runs."""

import pytest

from tests.contract.cluster_clients import CONFIG_MAPS, Object, World, a_config_map, seeded, world

__all__ = ["seeded", "world"]

NAMESPACES = "/api/v1/namespaces"
PODS = "/api/v1/namespaces/default/pods"


async def an_owner_with_a_dependent(world: World) -> None:
    owner = await world.create(CONFIG_MAPS, a_config_map("owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    dependent = a_config_map("dependent")
    dependent["metadata"]["ownerReferences"] = [reference]
    await world.create(CONFIG_MAPS, dependent)


async def test_a_finalizer_holds_an_object_until_it_is_taken_away(world: World) -> None:
    held = a_config_map() | {"metadata": {"name": "c", "finalizers": ["example.com/wait"]}}
    await world.create(CONFIG_MAPS, held)

    marked = (await world.http.delete(f"{CONFIG_MAPS}/c")).json()
    added = await world.patch(
        f"{CONFIG_MAPS}/c", {"metadata": {"finalizers": ["example.com/wait", "example.com/more"]}}
    )
    await world.patch(f"{CONFIG_MAPS}/c", {"metadata": {"finalizers": None}})

    assert "deletionTimestamp" in marked["metadata"]
    assert added.status_code == 422
    assert (await world.http.get(f"{CONFIG_MAPS}/c")).status_code == 404


async def test_a_deletion_tells_which_object_it_was(world: World) -> None:
    made = await world.create(CONFIG_MAPS, a_config_map())

    wrong = {"preconditions": {"uid": "another"}}
    refused = await world.http.request("DELETE", f"{CONFIG_MAPS}/c", json=wrong)
    deleted = (await world.http.delete(f"{CONFIG_MAPS}/c")).json()

    assert refused.status_code == 409
    assert (deleted["status"], deleted["details"]["uid"]) == ("Success", made["metadata"]["uid"])


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_dependents_go_with_their_owner(world: World, policy: str) -> None:
    await an_owner_with_a_dependent(world)

    await world.http.delete(f"{CONFIG_MAPS}/owner", params={"propagationPolicy": policy})

    await world.gone(f"{CONFIG_MAPS}/dependent")
    await world.gone(f"{CONFIG_MAPS}/owner")


async def test_an_owner_waits_for_its_dependents_in_the_foreground(world: World) -> None:
    await an_owner_with_a_dependent(world)
    hold = {"metadata": {"finalizers": ["example.com/wait"]}}
    await world.patch(f"{CONFIG_MAPS}/dependent", hold)

    await world.http.delete(f"{CONFIG_MAPS}/owner", params={"propagationPolicy": "Foreground"})
    waiting = (await world.http.get(f"{CONFIG_MAPS}/owner")).json()
    await world.patch(f"{CONFIG_MAPS}/dependent", {"metadata": {"finalizers": None}})

    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    await world.gone(f"{CONFIG_MAPS}/owner")


async def test_orphans_stay_without_their_owner(world: World) -> None:
    await an_owner_with_a_dependent(world)

    await world.http.delete(f"{CONFIG_MAPS}/owner", params={"propagationPolicy": "Orphan"})

    await world.gone(f"{CONFIG_MAPS}/owner")
    left = (await world.http.get(f"{CONFIG_MAPS}/dependent")).json()
    assert "ownerReferences" not in left["metadata"]


async def test_an_object_of_an_owner_that_never_was_is_collected(world: World) -> None:
    stray = a_config_map("stray")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "no", "uid": "no-such-uid"}
    stray["metadata"]["ownerReferences"] = [reference]

    await world.create(CONFIG_MAPS, stray)

    await world.gone(f"{CONFIG_MAPS}/stray")


async def test_a_namespace_takes_its_content_along(world: World) -> None:
    made = await world.create(NAMESPACES, {"metadata": {"name": "n"}})
    await world.create(f"{NAMESPACES}/n/configmaps", a_config_map())

    ending = (await world.http.delete(f"{NAMESPACES}/n")).json()

    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}
    assert ending["status"] == {"phase": "Terminating"}
    await world.gone(f"{NAMESPACES}/n")
    assert (await world.http.get(f"{NAMESPACES}/n/configmaps/c")).status_code == 404


async def test_a_namespace_that_ends_waits_for_finalizers_and_takes_nothing_new(
    world: World,
) -> None:
    await world.create(NAMESPACES, {"metadata": {"name": "n"}})
    path = f"{NAMESPACES}/n/configmaps"
    held = a_config_map() | {"metadata": {"name": "c", "finalizers": ["example.com/wait"]}}
    await world.create(path, held)
    await world.http.delete(f"{NAMESPACES}/n")

    refused = await world.http.post(path, json=a_config_map("new"))
    still_there = await world.http.get(f"{NAMESPACES}/n")
    await world.patch(f"{path}/c", {"metadata": {"finalizers": None}})

    assert refused.status_code == 403
    assert refused.json()["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert still_there.status_code == 200
    await world.gone(f"{NAMESPACES}/n")


async def test_a_new_namespace_has_its_default_account(world: World) -> None:
    await world.create(NAMESPACES, {"metadata": {"name": "n"}})

    assert (await world.http.get(f"{NAMESPACES}/n/serviceaccounts/default")).status_code == 200


def a_pod(**spec: str) -> Object:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }


async def test_a_running_pod_waits_for_its_node(world: World) -> None:
    await world.create(PODS, a_pod(nodeName="node"))

    ending = (await world.http.delete(f"{PODS}/p")).json()
    await world.http.delete(f"{PODS}/p", params={"gracePeriodSeconds": "0"})

    assert ending["metadata"]["deletionGracePeriodSeconds"] == 30
    assert (await world.http.get(f"{PODS}/p")).status_code == 404


async def test_a_pod_without_a_node_goes_at_once(world: World) -> None:
    await world.create(PODS, a_pod())

    await world.http.delete(f"{PODS}/p")

    assert (await world.http.get(f"{PODS}/p")).status_code == 404
