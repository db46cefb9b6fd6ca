"""Server-side apply: owners of fields, conflicts between them, and fields that are no longer wanted."""

from tests.contract.cluster_clients import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    WIDGETS,
    Object,
    World,
    a_config_map,
    a_deployment,
    a_widget,
    seeded,
    widgets,
    world,
)

__all__ = ["seeded", "widgets", "world"]


def owned(body: Object, manager: str) -> Object:
    """The fields of one manager."""
    for entry in body["metadata"]["managedFields"]:
        if entry["manager"] == manager:
            fields: Object = entry["fieldsV1"]
            return fields
    return {}


async def test_the_first_apply_creates_and_the_second_changes_nothing(world: World) -> None:
    path = f"{DEPLOYMENTS}/web"

    first = await world.apply(path, a_deployment())
    second = await world.apply(path, a_deployment())

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert owned(first.json(), "one")["f:spec"]["f:selector"] == {}
    containers = owned(first.json(), "one")["f:spec"]["f:template"]["f:spec"]["f:containers"]
    port = containers['k:{"name":"web"}']["f:ports"]['k:{"containerPort":80,"protocol":"TCP"}']
    assert port == {".": {}, "f:containerPort": {}}


async def test_a_field_of_another_manager_is_a_conflict_until_forced(world: World) -> None:
    path = f"{CONFIG_MAPS}/c"
    await world.apply(path, a_config_map(a="1", b="1"))

    refused = await world.apply(path, a_config_map(a="2"), fieldManager="two")
    forced = await world.apply(path, a_config_map(a="2"), fieldManager="two", force="true")

    assert refused.status_code == 409
    assert refused.json()["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    cause = refused.json()["details"]["causes"][0]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".data.a")
    assert forced.json()["data"] == {"a": "2", "b": "1"}
    assert owned(forced.json(), "one") == {"f:data": {"f:b": {}}}
    assert owned(forced.json(), "two") == {"f:data": {"f:a": {}}}


async def test_the_same_value_is_owned_by_both(world: World) -> None:
    path = f"{CONFIG_MAPS}/c"
    await world.apply(path, a_config_map(a="1"))

    shared = (await world.apply(path, a_config_map(a="1"), fieldManager="two")).json()
    dropped = (await world.apply(path, a_config_map(b="1"))).json()

    assert owned(shared, "one") == owned(shared, "two")
    assert dropped["data"] == {"a": "1", "b": "1"}


async def test_what_a_manager_drops_goes_unless_another_owns_it(world: World) -> None:
    path = f"{CONFIG_MAPS}/c"
    body = a_config_map(a="1", b="1")
    body["metadata"]["labels"] = {"x": "y"}
    await world.apply(path, body)

    left = (await world.apply(path, a_config_map(a="1"))).json()

    assert left["data"] == {"a": "1"}
    assert "labels" not in left["metadata"]


async def test_an_update_takes_the_fields_that_it_changes(world: World) -> None:
    path = f"{CONFIG_MAPS}/c"
    await world.apply(path, a_config_map(a="1", b="1"))

    updated = (await world.patch(path, {"data": {"a": "2"}})).json()
    refused = await world.apply(path, a_config_map(a="1", b="1"))

    assert owned(updated, "one") == {"f:data": {"f:b": {}}}
    assert refused.status_code == 409
    assert 'conflict with "python-httpx" using v1: .data.a' in refused.json()["message"]


async def test_items_of_a_keyed_list_are_merged_one_by_one(widgets: World) -> None:
    path = f"{WIDGETS}/w"
    await widgets.apply(path, a_widget(parts=[{"name": "x", "count": 1}, {"name": "y"}]))

    joined = (await widgets.apply(path, a_widget(parts=[{"name": "z"}]), fieldManager="two")).json()
    dropped = (await widgets.apply(path, a_widget(parts=[{"name": "x", "count": 2}]))).json()

    assert [part["name"] for part in joined["spec"]["parts"]] == ["x", "y", "z"]
    assert dropped["spec"]["parts"] == [{"name": "x", "count": 2}, {"name": "z"}]


async def test_sets_are_joined_and_free_form_lists_are_replaced(widgets: World) -> None:
    path = f"{WIDGETS}/w"
    await widgets.apply(path, a_widget(tags=["a"], free={"list": [1], "map": {"a": 1}}))

    wish = a_widget(tags=["b"], free={"map": {"b": 2}})
    joined = (await widgets.apply(path, wish, fieldManager="two")).json()

    assert joined["spec"]["tags"] == ["a", "b"]
    assert joined["spec"]["free"] == {"list": [1], "map": {"a": 1, "b": 2}}


async def test_the_status_has_owners_of_its_own(widgets: World) -> None:
    await widgets.apply(f"{WIDGETS}/w", a_widget())

    status = {"apiVersion": "example.com/v1", "kind": "Widget", "status": {"phase": "Ready"}}
    reported = (await widgets.apply(f"{WIDGETS}/w/status", status, fieldManager="ctl")).json()

    entry = next(e for e in reported["metadata"]["managedFields"] if e["manager"] == "ctl")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})
    assert (reported["spec"]["size"], reported["status"]) == ("S", {"phase": "Ready"})


async def test_an_apply_says_who_applies_and_nothing_of_owners(world: World) -> None:
    headers = {"content-type": "application/apply-patch+yaml"}
    nobody = await world.http.patch(f"{CONFIG_MAPS}/c", json=a_config_map(), headers=headers)
    body = a_config_map()
    body["metadata"]["managedFields"] = [{"manager": "me"}]

    assert nobody.status_code == 422
    assert "fieldManager: Required value" in nobody.json()["message"]
    assert (await world.apply(f"{CONFIG_MAPS}/c", body)).status_code == 400


async def test_yaml_is_read_as_well_as_json(world: World) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {day: 2026-01-02}\n"
    headers = {"content-type": "application/apply-patch+yaml"}
    query = {"fieldManager": "one"}

    made = await world.http.patch(f"{CONFIG_MAPS}/c", content=text, headers=headers, params=query)

    assert made.json()["data"] == {"day": "2026-01-02"}


async def test_an_invalid_wish_is_refused_and_changes_nothing(widgets: World) -> None:
    await widgets.apply(f"{WIDGETS}/w", a_widget())

    refused = await widgets.apply(f"{WIDGETS}/w", a_widget(replicas=-1))

    assert refused.status_code == 422
    assert (await widgets.http.get(f"{WIDGETS}/w")).json()["spec"]["replicas"] == 1
