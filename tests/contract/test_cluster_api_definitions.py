"""Kinds that a definition brings: served at once, checked, completed, and gone with it."""

from typing import Any

import pytest

from tests.contract.cluster_clients import (
    CRDS,
    WIDGETS,
    World,
    a_definition,
    a_widget,
    seeded,
    widgets,
    world,
)

__all__ = ["seeded", "widgets", "world"]


async def causes(world: World, **spec: Any) -> dict[str, str]:
    """Why a widget is refused."""
    answer = await world.http.post(WIDGETS, json=a_widget(**spec))
    assert answer.status_code == 422, answer.text
    return {cause["field"]: cause["message"] for cause in answer.json()["details"]["causes"]}


async def test_a_definition_is_established_and_served_at_once(world: World) -> None:
    assert (await world.http.get(WIDGETS)).status_code == 404

    definition = await world.create(CRDS, a_definition())

    conditions = {each["type"]: each["status"] for each in definition["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert definition["status"]["acceptedNames"]["listKind"] == "WidgetList"
    assert (await world.http.get(WIDGETS)).json()["kind"] == "WidgetList"
    served = (await world.http.get("/apis/example.com/v1")).json()["resources"]
    assert {each["name"] for each in served} == {"widgets", "widgets/scale", "widgets/status"}


async def test_a_definition_that_contradicts_itself_is_refused(world: World) -> None:
    body = a_definition() | {"metadata": {"name": "gadgets.example.com"}}
    body["spec"]["versions"][0]["storage"] = False

    refused = await world.http.post(CRDS, json=body)

    assert refused.status_code == 422
    fields = {cause["field"] for cause in refused.json()["details"]["causes"]}
    assert fields == {"metadata.name", "spec.versions"}


async def test_the_schema_fills_in_defaults(widgets: World) -> None:
    made = await widgets.create(WIDGETS, a_widget())

    assert made["spec"] == {"size": "S", "replicas": 1}
    assert made["metadata"]["generation"] == 1


async def test_the_schema_names_every_field_at_fault(widgets: World) -> None:
    found = await causes(widgets, size="XL", replicas=-1, code="BAD", parts=[{"count": "many"}])

    assert found == {
        "spec.size": 'Unsupported value: "XL": supported values: "S", "M", "L"',
        "spec.replicas": "Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
        "spec.code": "Invalid value: \"BAD\": spec.code in body should match '^[a-z]+$'",
        "spec.parts[0].name": "Required value",
        "spec.parts[0].count": (
            'Invalid value: "string": spec.parts[0].count in body must be of type integer: "string"'
        ),
    }


async def test_lists_with_keys_and_sets_hold_each_item_once(widgets: World) -> None:
    found = await causes(widgets, tags=["a", "a"], parts=[{"name": "x"}, {"name": "x"}])

    assert set(found) == {"spec.tags[1]", "spec.parts[1]"}
    assert all(message.startswith("Duplicate value") for message in found.values())


@pytest.mark.parametrize("missing", ["spec", "size"])
async def test_required_fields_are_required(widgets: World, missing: str) -> None:
    body = a_widget()
    if missing == "spec":
        del body["spec"]
    else:
        del body["spec"]["size"]

    refused = await widgets.http.post(WIDGETS, json=body)

    assert refused.status_code == 422
    assert "Required value" in refused.json()["message"]


async def test_unknown_fields_are_pruned_or_refused(widgets: World) -> None:
    body = a_widget(colour="red", free={"any": {"thing": 1}})

    strict = await widgets.http.post(WIDGETS, json=body, params={"fieldValidation": "Strict"})
    kept = await widgets.create(WIDGETS, body)

    assert strict.status_code == 400
    assert strict.json()["message"] == 'strict decoding error: unknown field "spec.colour"'
    assert "colour" not in kept["spec"]
    assert kept["spec"]["free"] == {"any": {"thing": 1}}


async def test_strategic_patches_are_for_built_in_kinds(widgets: World) -> None:
    await widgets.create(WIDGETS, a_widget())

    refused = await widgets.patch(f"{WIDGETS}/w", {}, "strategic-merge-patch")

    assert refused.status_code == 415


async def test_status_and_scale_are_endpoints_of_their_own(widgets: World) -> None:
    await widgets.create(WIDGETS, a_widget())

    reported = await widgets.patch(f"{WIDGETS}/w/status", {"status": {"replicas": 2}})
    scale = (await widgets.http.get(f"{WIDGETS}/w/scale")).json()
    wrong = await widgets.patch(f"{WIDGETS}/w/status", {"status": {"replicas": "two"}})

    assert reported.json()["status"] == {"replicas": 2}
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 2})
    assert wrong.status_code == 422


async def test_printer_columns_make_the_table(widgets: World) -> None:
    await widgets.create(WIDGETS, a_widget(parts=[{"name": "x"}, {"name": "y"}]))
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}

    table = (await widgets.http.get(WIDGETS, headers=accept)).json()

    assert table["rows"][0]["cells"] == ["w", "S", "x,y"]


async def test_one_object_is_seen_in_every_served_version(widgets: World) -> None:
    definition = (await widgets.http.get(f"{CRDS}/widgets.example.com")).json()
    newer = definition["spec"]["versions"][0] | {"name": "v2", "storage": False}
    definition["spec"]["versions"].append(newer)
    await widgets.http.put(f"{CRDS}/widgets.example.com", json=definition)
    await widgets.create(WIDGETS, a_widget())

    seen = (await widgets.http.get(WIDGETS.replace("/v1/", "/v2/") + "/w")).json()
    group = (await widgets.http.get("/apis/example.com")).json()

    assert seen["apiVersion"] == "example.com/v2"
    assert group["preferredVersion"]["version"] == "v2"


async def test_a_definition_takes_its_objects_along(widgets: World) -> None:
    await widgets.create(WIDGETS, a_widget())

    await widgets.http.delete(f"{CRDS}/widgets.example.com")

    await widgets.gone(f"{CRDS}/widgets.example.com")
    assert (await widgets.http.get(WIDGETS)).status_code == 404
    await widgets.create(CRDS, a_definition())
    assert (await widgets.http.get(WIDGETS)).json()["items"] == []


async def test_discovery_and_openapi_follow_the_definitions(world: World) -> None:
    before = (await world.http.get("/openapi/v3")).json()["paths"]

    await world.create(CRDS, a_definition())

    after = (await world.http.get("/openapi/v3")).json()["paths"]
    assert "apis/example.com/v1" not in before
    document = (await world.http.get(after["apis/example.com/v1"]["serverRelativeURL"])).json()
    widget = document["components"]["schemas"]["com.example.v1.Widget"]
    assert widget["x-kubernetes-group-version-kind"][0]["kind"] == "Widget"
    assert widget["properties"]["spec"]["description"] == "What the widget should be."
    accept = {"accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    groups = (await world.http.get("/apis", headers=accept)).json()["items"]
    assert "example.com" in {group["metadata"]["name"] for group in groups}


async def test_a_new_cluster_knows_the_kinds_of_the_platform(world: World) -> None:
    listed = (await world.http.get(CRDS)).json()["items"]

    assert {item["spec"]["names"]["kind"] for item in listed} >= {
        "Application",
        "AppProject",
        "Composition",
        "CompositeResourceDefinition",
        "ExternalSecret",
        "Function",
        "Gateway",
        "GatewayClass",
        "HTTPRoute",
        "Provider",
        "ServiceMonitor",
    }
