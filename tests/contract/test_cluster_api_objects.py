"""Objects over plain HTTP: what is accepted, what is answered, what is refused."""

from typing import Any

import pytest

from tests.contract.cluster_clients import (
    CONFIG_MAPS,
    CRDS,
    DEPLOYMENTS,
    WIDGETS,
    World,
    a_config_map,
    a_definition,
    a_deployment,
    seeded,
    world,
)

__all__ = ["seeded", "world"]


async def test_a_created_object_gets_an_identity_and_the_next_version(world: World) -> None:
    first = await world.create(CONFIG_MAPS, a_config_map("one"))
    second = await world.create(CONFIG_MAPS, a_config_map("two"))

    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert first["metadata"]["creationTimestamp"].endswith("Z")
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


async def test_a_taken_name_is_a_conflict_that_names_the_object(world: World) -> None:
    await world.create(CONFIG_MAPS, a_config_map())

    again = await world.http.post(CONFIG_MAPS, json=a_config_map())

    assert again.status_code == 409
    assert again.json()["reason"] == "AlreadyExists"
    assert again.json()["message"] == 'configmaps "c" already exists'
    assert again.json()["details"] == {"kind": "configmaps", "name": "c"}


async def test_a_generated_name_keeps_its_prefix(world: World) -> None:
    body = a_config_map() | {"metadata": {"generateName": "job-"}}

    made = [await world.create(CONFIG_MAPS, body) for _ in range(2)]

    assert all(each["metadata"]["name"].startswith("job-") for each in made)
    assert made[0]["metadata"]["name"] != made[1]["metadata"]["name"]


async def test_what_is_not_there_is_a_status_404(world: World) -> None:
    missing = await world.http.get(f"{CONFIG_MAPS}/nope")
    nowhere = await world.http.get("/apis/no.such.group/v1/things")

    assert missing.status_code == 404
    assert missing.json()["message"] == 'configmaps "nope" not found'
    assert nowhere.status_code == 404
    assert nowhere.json()["message"] == "the server could not find the requested resource"


async def test_an_object_needs_a_namespace_that_exists(world: World) -> None:
    path = "/api/v1/namespaces/nowhere/configmaps"

    refused = await world.http.post(path, json=a_config_map())

    assert refused.status_code == 404
    assert refused.json()["message"] == 'namespaces "nowhere" not found'


async def test_a_writer_who_has_seen_an_older_version_loses(world: World) -> None:
    seen = await world.create(CONFIG_MAPS, a_config_map())
    await world.patch(f"{CONFIG_MAPS}/c", {"data": {"a": "2"}})

    late = await world.http.put(f"{CONFIG_MAPS}/c", json=seen | {"data": {"a": "3"}})

    assert late.status_code == 409
    assert late.json()["reason"] == "Conflict"
    assert "the object has been modified" in late.json()["message"]
    assert (await world.http.get(f"{CONFIG_MAPS}/c")).json()["data"] == {"a": "2"}


async def test_an_update_that_changes_nothing_keeps_the_version(world: World) -> None:
    made = await world.create(CONFIG_MAPS, a_config_map())

    same = (await world.http.put(f"{CONFIG_MAPS}/c", json=made)).json()

    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_the_generation_counts_changes_of_the_wish_alone(world: World) -> None:
    await world.create(DEPLOYMENTS, a_deployment())
    path = f"{DEPLOYMENTS}/web"

    labelled = (await world.patch(path, {"metadata": {"labels": {"a": "b"}}})).json()
    reported = (await world.patch(f"{path}/status", {"status": {"replicas": 1}})).json()
    scaled = (await world.patch(path, {"spec": {"replicas": 3}})).json()

    assert [each["metadata"]["generation"] for each in (labelled, reported, scaled)] == [1, 1, 2]


async def test_the_status_is_written_through_its_own_endpoint_only(world: World) -> None:
    created = await world.create(DEPLOYMENTS, a_deployment() | {"status": {"replicas": 7}})
    path = f"{DEPLOYMENTS}/web"

    body = {"status": {"replicas": 7}, "spec": {"replicas": 9}}
    through_main = (await world.patch(path, body)).json()
    through_status = (await world.patch(f"{path}/status", body | {"spec": {"replicas": 5}})).json()

    assert "status" not in created
    assert "status" not in through_main
    assert through_status["status"] == {"replicas": 7}
    assert through_status["spec"]["replicas"] == 9


async def test_defaults_are_filled_in_where_clients_see_them(world: World) -> None:
    made = await world.create(DEPLOYMENTS, a_deployment())

    container = made["spec"]["template"]["spec"]["containers"][0]
    assert made["spec"]["replicas"] == 1
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Always"


async def test_a_wrong_object_is_refused_with_every_field_at_fault(world: World) -> None:
    body = a_deployment("Bad_Name")
    del body["spec"]["selector"]
    body["metadata"]["labels"] = {"a": "not a label"}

    refused = await world.http.post(DEPLOYMENTS, json=body)

    assert refused.status_code == 422
    assert refused.json()["reason"] == "Invalid"
    fields = {cause["field"] for cause in refused.json()["details"]["causes"]}
    assert fields == {"metadata.name", "metadata.labels", "spec.selector"}


@pytest.mark.parametrize(
    ("validation", "code", "warns"),
    [("Strict", 400, False), ("Warn", 201, True), ("Ignore", 201, False)],
)
async def test_unknown_fields_are_treated_as_the_client_wishes(
    world: World, validation: str, code: int, *, warns: bool
) -> None:
    body = a_deployment()
    body["spec"]["template"]["spec"]["containers"][0]["imag"] = "x"

    answer = await world.http.post(DEPLOYMENTS, json=body, params={"fieldValidation": validation})

    assert answer.status_code == code
    assert ("Warning" in answer.headers) is warns
    if validation == "Strict":
        assert 'unknown field "spec.template.spec.containers[0].imag"' in answer.json()["message"]


async def test_the_body_must_be_what_the_path_says(world: World) -> None:
    wrong_kind = await world.http.post(CONFIG_MAPS, json=a_deployment())
    elsewhere = a_config_map() | {"metadata": {"name": "c", "namespace": "kube-system"}}

    assert wrong_kind.status_code == 400
    assert (await world.http.post(CONFIG_MAPS, json=elsewhere)).status_code == 400


async def test_a_dry_run_checks_and_keeps_nothing(world: World) -> None:
    answer = await world.http.post(CONFIG_MAPS, json=a_config_map(), params={"dryRun": "All"})

    assert answer.status_code == 201
    assert (await world.http.get(f"{CONFIG_MAPS}/c")).status_code == 404


async def test_patches_come_in_three_kinds_and_a_fourth_is_refused(world: World) -> None:
    await world.create(DEPLOYMENTS, a_deployment())
    path = f"{DEPLOYMENTS}/web"
    container = {"name": "web", "image": "example/web:2"}
    template = {"spec": {"template": {"spec": {"containers": [container]}}}}

    strategic = (await world.patch(path, template, "strategic-merge-patch")).json()
    listed = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
    by_list = (await world.patch(path, listed, "json-patch")).json()
    wrong_test = [{"op": "test", "path": "/spec/replicas", "value": 99}]

    kept = strategic["spec"]["template"]["spec"]["containers"][0]
    assert (kept["image"], kept["ports"][0]["containerPort"]) == ("example/web:2", 80)
    assert by_list["spec"]["replicas"] == 4
    assert (await world.patch(path, wrong_test, "json-patch")).status_code == 422
    assert (await world.patch(path, {}, "strange")).status_code == 415


async def test_secrets_take_plain_text_and_give_base64(world: World) -> None:
    path = "/api/v1/namespaces/default/secrets"
    body = {"metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}

    made = await world.create(path, body)

    assert made["data"] == {"password": "aHVudGVyMg=="}
    assert "stringData" not in made
    assert made["type"] == "Opaque"


async def test_a_service_has_an_address_that_an_update_keeps(world: World) -> None:
    path = "/api/v1/namespaces/default/services"
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}

    made = await world.create(path, body)
    again = (await world.http.put(f"{path}/s", json=body)).json()

    assert made["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]


async def test_lists_are_chosen_by_labels_and_fields(world: World) -> None:
    for name, labels in (("one", {"tier": "web"}), ("two", {"tier": "db"}), ("three", {})):
        await world.create(
            CONFIG_MAPS, a_config_map(name) | {"metadata": {"name": name, "labels": labels}}
        )

    async def names(**query: str) -> set[str]:
        found = (await world.http.get(CONFIG_MAPS, params=query)).json()["items"]
        return {item["metadata"]["name"] for item in found}

    assert await names(labelSelector="tier=web") == {"one"}
    assert await names(labelSelector="tier in (web, db)") == {"one", "two"}
    assert await names(labelSelector="tier notin (web)") == {"two", "three"}
    assert await names(labelSelector="!tier") == {"three"}
    assert await names(labelSelector="tier,tier!=db") == {"one"}
    assert await names(fieldSelector="metadata.name=two") == {"two"}
    refused = await world.http.get(CONFIG_MAPS, params={"labelSelector": "a b c"})
    assert refused.status_code == 400


async def test_pages_of_one_list_show_one_moment(world: World) -> None:
    for name in ("a", "b", "c"):
        await world.create(CONFIG_MAPS, a_config_map(name))
    first = (await world.http.get(CONFIG_MAPS, params={"limit": "2"})).json()
    await world.http.delete(f"{CONFIG_MAPS}/c")
    await world.create(CONFIG_MAPS, a_config_map("d"))

    query = {"limit": "2", "continue": first["metadata"]["continue"]}
    second = (await world.http.get(CONFIG_MAPS, params=query)).json()

    assert first["metadata"]["remainingItemCount"] == 1
    assert [item["metadata"]["name"] for item in second["items"]] == ["c"]
    assert "continue" not in second["metadata"]


async def test_a_collection_is_deleted_by_selector(world: World) -> None:
    for name in ("a", "b"):
        await world.create(
            CONFIG_MAPS, a_config_map(name) | {"metadata": {"name": name, "labels": {"x": name}}}
        )

    await world.http.delete(CONFIG_MAPS, params={"labelSelector": "x=a"})

    left = (await world.http.get(CONFIG_MAPS)).json()["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


async def test_scale_shows_and_sets_the_replicas(world: World) -> None:
    await world.create(DEPLOYMENTS, a_deployment())
    path = f"{DEPLOYMENTS}/web/scale"

    scale = (await world.http.get(path)).json()
    scaled = (await world.patch(path, {"spec": {"replicas": 3}})).json()

    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
        "Scale",
        {"replicas": 1},
        "app=web",
    )
    assert scaled["spec"] == {"replicas": 3}
    assert (await world.http.get(f"{DEPLOYMENTS}/web")).json()["spec"]["replicas"] == 3


async def test_immutable_fields_stay(world: World) -> None:
    await world.create(DEPLOYMENTS, a_deployment())

    refused = await world.patch(
        f"{DEPLOYMENTS}/web", {"spec": {"selector": {"matchLabels": {"x": "y"}}}}
    )

    assert refused.status_code == 422
    assert "field is immutable" in refused.json()["message"]


async def test_logs_are_what_the_kubelet_wrote(world: World) -> None:
    pods = "/api/v1/namespaces/default/pods"
    spec = {"containers": [{"name": "main", "image": "x"}]}
    await world.create(pods, {"metadata": {"name": "p"}, "spec": spec})
    early = await world.http.get(f"{pods}/p/log")
    folder = world.api.logs / "default" / "p"
    folder.mkdir(parents=True)
    (folder / "main.log").write_text("one\ntwo\nthree\n")

    whole = await world.http.get(f"{pods}/p/log")
    tail = await world.http.get(f"{pods}/p/log", params={"tailLines": "2"})
    wrong = await world.http.get(f"{pods}/p/log", params={"container": "other"})

    assert early.status_code == 400
    assert "waiting to start" in early.json()["message"]
    assert whole.text == "one\ntwo\nthree\n"
    assert tail.text == "two\nthree\n"
    assert wrong.status_code == 400


async def test_a_followed_log_goes_on_until_the_pod_is_gone(world: World) -> None:
    pods = "/api/v1/namespaces/default/pods"
    spec = {"containers": [{"name": "main", "image": "x"}]}
    await world.create(pods, {"metadata": {"name": "p"}, "spec": spec})
    log = world.api.logs / "default" / "p" / "main.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\n")

    async with world.http.stream("GET", f"{pods}/p/log", params={"follow": "true"}) as answer:
        lines = answer.aiter_lines()
        told = [await anext(lines)]
        with log.open("a") as file:
            file.write("two\n")
        told.append(await anext(lines))
        await world.http.delete(f"{pods}/p")
        told += [line async for line in lines]

    assert told == ["one", "two"]


async def test_tables_are_for_those_who_ask(world: World) -> None:
    await world.create(DEPLOYMENTS, a_deployment(replicas=2))
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}

    table = (await world.http.get(DEPLOYMENTS, headers=accept)).json()

    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]][:3] == [
        "Name",
        "Ready",
        "Up-to-date",
    ]
    assert table["rows"][0]["cells"][:2] == ["web", "0/2"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


async def test_metadata_alone_is_for_those_who_ask(world: World) -> None:
    await world.create(CONFIG_MAPS, a_config_map())
    accept = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}

    listed = (await world.http.get(CONFIG_MAPS, headers=accept)).json()

    assert listed["kind"] == "PartialObjectMetadataList"
    assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_a_body_that_is_no_json_and_no_yaml_is_a_bad_request(world: World) -> None:
    broken = await world.http.post(
        CONFIG_MAPS, content=b"{: [", headers={"content-type": "application/yaml"}
    )

    assert broken.status_code == 400


HOSTILE: list[Any] = [
    [],
    "text",
    {"metadata": "text"},
    {"metadata": {"name": 5}},
    {"metadata": {"name": "c", "labels": {"a": 1}}},
    {"metadata": {"name": "c", "labels": ["a"]}},
    {"metadata": {"name": "c", "annotations": "a"}},
    {"metadata": {"name": "c", "finalizers": "a"}},
    {"metadata": {"name": "c", "ownerReferences": [1]}},
    {"metadata": {"name": "c", "managedFields": [1]}},
    {"metadata": {"name": "c"}, "spec": "text"},
    {"metadata": {"name": "c"}, "spec": {"ports": 5}},
    {"metadata": {"name": "c"}, "spec": {"containers": [5], "template": 5, "selector": 5}},
    {"metadata": {"name": "c"}, "data": {"a": 1}},
    {"metadata": {"name": "c"}, "data": [], "stringData": 5},
    {"metadata": {}},
    {"metadata": {"name": "c" * 300}},
]


@pytest.mark.parametrize("body", HOSTILE, ids=str)
async def test_no_body_breaks_the_server(world: World, body: Any) -> None:
    await world.create(CRDS, a_definition())
    core = "/api/v1/namespaces/default"
    collections = [f"{core}/{plural}" for plural in ("configmaps", "secrets", "services", "pods")]

    for path in (*collections, DEPLOYMENTS, WIDGETS, CRDS, "/api/v1/namespaces"):
        made = await world.http.post(path, json=body)
        applied = await world.apply(f"{path}/c", body)
        patched = await world.patch(f"{path}/c", body, "merge-patch")
        assert max(made.status_code, applied.status_code, patched.status_code) < 500, path


@pytest.mark.parametrize(
    "query", ["limit=x", "continue=x", "fieldSelector=spec.x=1", "labelSelector==="]
)
async def test_no_query_breaks_the_server(world: World, query: str) -> None:
    refused = await world.http.get(f"{CONFIG_MAPS}?{query}")

    assert (refused.status_code, refused.json()["reason"]) == (400, "BadRequest")
