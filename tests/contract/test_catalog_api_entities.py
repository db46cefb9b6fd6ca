"""Finding entities: by reference, by name, by query and by count."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.catalog_client import (
    Client,
    a_catalog_on_files,
    component,
    the_shipped_catalog,
)

API_FILE = """
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: hello-api, tags: [rest, java]}
spec: {type: openapi, lifecycle: experimental, owner: payments, system: checkout, definition: 'x'}
"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="module")
async def _client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """One catalog for all tests here: they only read."""
    files = the_shipped_catalog() | {
        "apps/hello.yaml": component(
            "hello", owner="Payments", system="system:default/checkout", providesApis="[hello-api]"
        ),
        "apps/api.yaml": API_FILE,
        "apps/lonely.yaml": component("lonely", owner="group:default/nobody"),
    }
    async with a_catalog_on_files(tmp_path_factory.mktemp("catalog"), files) as client:
        await client.register("catalog-info.yaml")
        await client.register("apps/*.yaml")
        await client.eventually("user:default/elif")
        await client.eventually(
            "group:default/payments", lambda it: bool(it and len(it["relations"]) == 5)
        )
        yield client


def _relations(entity: dict[str, Any] | None) -> set[tuple[str, str]]:
    assert entity is not None
    return {(each["type"], each["targetRef"]) for each in entity["relations"]}


async def test_relations_are_known_from_both_ends_however_the_reference_was_written(
    client: Client,
) -> None:
    assert _relations(await client.entity("component:default/hello")) == {
        ("ownedBy", "group:default/payments"),
        ("partOf", "system:default/checkout"),
        ("providesApi", "api:default/hello-api"),
    }
    assert ("apiProvidedBy", "component:default/hello") in _relations(
        await client.entity("api:default/hello-api")
    )
    assert _relations(await client.entity("system:default/checkout")) == {
        ("ownedBy", "group:default/payments"),
        ("partOf", "domain:default/commerce"),
        ("hasPart", "component:default/hello"),
        ("hasPart", "api:default/hello-api"),
    }


async def test_a_dangling_owner_is_accepted_without_a_word(client: Client) -> None:
    lonely = await client.entity("component:default/lonely")

    assert _relations(lonely) == {("ownedBy", "group:default/nobody")}
    assert "status" not in (lonely or {})
    assert await client.entity("group:default/nobody") is None


async def test_filtering_by_relation_finds_all_spellings_and_by_spec_only_one(
    client: Client,
) -> None:
    by_relation = await client.names(
        filter="kind=component,relations.ownedBy=group:default/payments"
    )
    by_spec = await client.names(filter="kind=component,spec.owner=group:default/payments")

    assert by_relation == ["hello"]
    assert by_spec == []


async def test_references_are_answered_in_order_and_short_ones_with_null(client: Client) -> None:
    refs = ["user:default/ada", "component:hello", "component:default/hello", "user:default/nope"]

    answer = await client.http.post(
        "/entities/by-refs", json={"entityRefs": refs, "fields": ["metadata.name"]}
    )

    assert answer.json() == {
        "items": [{"metadata": {"name": "ada"}}, None, {"metadata": {"name": "hello"}}, None]
    }


async def test_an_entity_is_found_by_its_name_in_any_case(client: Client) -> None:
    answer = await client.http.get("/entities/by-name/Component/DEFAULT/Hello")

    assert answer.json()["metadata"]["name"] == "hello"
    uid = answer.json()["metadata"]["uid"]
    assert (await client.http.get(f"/entities/by-uid/{uid}")).json() == answer.json()


async def test_an_unknown_name_is_answered_with_backstages_error(client: Client) -> None:
    answer = await client.http.get("/entities/by-name/component/default/nope")

    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "name": "NotFoundError",
            "message": "No entity named 'nope' found, with kind 'component' in namespace 'default'",
        },
        "request": {"method": "GET", "url": "/entities/by-name/component/default/nope"},
        "response": {"statusCode": 404},
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["kind=system"], ["checkout", "webshop"]),
        (["kind=system,kind=domain"], ["checkout", "commerce", "webshop"]),
        (["kind=system", "kind=domain"], ["checkout", "commerce", "webshop"]),
        (["kind=group,metadata.name=payments"], ["payments"]),
        (["kind=user,spec.profile.email=ADA@example.com"], ["ada"]),
        (["kind=user,metadata.annotations.slack.com/user-id=U0ELIF"], ["elif"]),
        (["kind=user,relations.memberOf=group:default/platform"], ["deniz", "elif"]),
        (["metadata.tags=java"], ["hello-api"]),
        (["metadata.tags.java=true"], ["hello-api"]),
        (["kind=api,spec.definition"], ["hello-api"]),
        (["kind=system,spec.nothing"], []),
    ],
)
async def test_filters_join_with_and_inside_and_with_or_outside(
    client: Client, filters: list[str], expected: list[str]
) -> None:
    assert await client.names(filter=filters, orderField="metadata.name,asc") == expected


async def test_a_filter_without_a_key_is_refused(client: Client) -> None:
    answer = await client.http.get("/entities/by-query", params={"filter": "=x"})

    assert answer.status_code == 400
    assert "is not a valid statement" in answer.json()["error"]["message"]


async def test_pages_follow_each_other_by_cursor_without_gaps(client: Client) -> None:
    params: dict[str, Any] = {"filter": "kind=user", "orderField": "metadata.name,desc", "limit": 2}
    seen: list[str] = []
    while params:
        page = (await client.http.get("/entities/by-query", params=params)).json()
        seen += [item["metadata"]["name"] for item in page["items"]]
        assert page["totalItems"] == 5
        cursor = page["pageInfo"].get("nextCursor")
        params = {"cursor": cursor, "limit": 2} if cursor else {}

    assert seen == ["elif", "deniz", "chiara", "bruno", "ada"]


async def test_a_limit_of_zero_only_counts(client: Client) -> None:
    answer = await client.http.get("/entities/by-query?filter=kind=user&limit=0")

    assert answer.json() == {"items": [], "totalItems": 5, "pageInfo": {}}


@pytest.mark.parametrize("params", [{"cursor": "nonsense"}, {"limit": "many"}, {"limit": "-1"}])
async def test_a_page_that_makes_no_sense_is_refused(
    client: Client, params: dict[str, str]
) -> None:
    answer = await client.http.get("/entities/by-query", params=params)

    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "InputError"


async def test_full_text_looks_in_the_named_fields(client: Client) -> None:
    named = await client.names(
        filter="kind=user",
        fullTextFilterTerm="OKA",
        fullTextFilterFields="metadata.name,spec.profile.displayName",
    )
    in_order_field = await client.names(
        filter="kind=user", fullTextFilterTerm="ada", orderField="metadata.name,asc"
    )

    assert named == ["ada"]
    assert in_order_field == ["ada"]


async def test_full_text_takes_wildcards_as_sql_does(client: Client) -> None:
    fields = "metadata.name"
    found = await client.names(
        filter="kind=user", fullTextFilterTerm="_r%o", fullTextFilterFields=fields
    )

    assert found == ["bruno"]


async def test_full_text_without_any_field_looks_at_uids_alone(client: Client) -> None:
    assert await client.names(filter="kind=user", fullTextFilterTerm="bruno") == []


async def test_fields_reduce_what_is_answered_also_where_keys_have_dots(client: Client) -> None:
    answer = await client.http.get(
        "/entities/by-query",
        params={
            "filter": "metadata.name=ada",
            "fields": "kind,metadata.annotations.slack.com/user-id,spec.profile.email",
        },
    )

    assert answer.json()["items"] == [
        {
            "kind": "User",
            "metadata": {"annotations": {"slack.com/user-id": "U0ADA"}},
            "spec": {"profile": {"email": "ada@example.com"}},
        }
    ]


async def test_a_query_may_be_sent_as_an_object(client: Client) -> None:
    query = {
        "$all": [{"kind": "User"}, {"$not": {"metadata.name": {"$in": ["ada", "bruno"]}}}],
        "metadata.annotations.slack.com/user-id": {"$exists": True},
    }

    answer = await client.http.post(
        "/entities/by-query",
        json={"query": query, "orderBy": [{"field": "metadata.name", "order": "asc"}]},
    )

    names = [item["metadata"]["name"] for item in answer.json()["items"]]
    assert names == ["chiara", "deniz", "elif"]


async def test_the_plain_list_takes_filters_and_an_offset(client: Client) -> None:
    answer = await client.http.get(
        "/entities", params={"filter": "kind=user", "offset": 3, "limit": 5}
    )

    assert [entity["metadata"]["name"] for entity in answer.json()] == ["deniz", "elif"]


async def test_facets_count_values_as_they_were_written(client: Client) -> None:
    answer = await client.http.get(
        "/entity-facets?facet=kind&facet=spec.owner&filter=kind=component"
    )

    assert answer.json() == {
        "facets": {
            "kind": [{"value": "Component", "count": 2}],
            "spec.owner": [
                {"value": "Payments", "count": 1},
                {"value": "group:default/nobody", "count": 1},
            ],
        }
    }


async def test_ancestry_leads_from_an_entity_to_the_registered_location(client: Client) -> None:
    answer = await client.http.get("/entities/by-name/user/default/ada/ancestry")

    body = answer.json()
    chain = [item["entity"]["metadata"]["name"] for item in body["items"]]
    assert body["rootEntityRef"] == "user:default/ada"
    assert chain[:2] == ["ada", "idp"]
    assert chain[2].startswith("generated-")
    assert body["items"][0]["parentEntityRefs"] == ["location:default/idp"]
    assert body["items"][2]["parentEntityRefs"] == []


@pytest.mark.parametrize(
    ("change", "location", "status"),
    [
        ({}, "url:http://any.example/g/p/-/blob/main/x.yaml", 200),
        ({"spec": {"type": "service"}}, "url:http://any.example/x.yaml", 400),
        ({"kind": None}, "url:http://any.example/x.yaml", 400),
        ({}, "file:/etc/passwd", 400),
        ({}, "nowhere", 400),
    ],
)
async def test_one_entity_can_be_validated_alone(
    client: Client, change: dict[str, Any], location: str, status: int
) -> None:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "x"},
        "spec": {"type": "service", "lifecycle": "experimental", "owner": "group:default/nobody"},
    }

    answer = await client.http.post(
        "/validate-entity", json={"entity": entity | change, "location": location}
    )

    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b""
    else:
        assert {"name", "message"} == set(answer.json()["errors"][0])


async def test_a_path_that_is_not_there_is_answered_like_any_error(client: Client) -> None:
    answer = await client.http.get("/nothing")

    assert answer.status_code == 404
    assert answer.json()["error"]["name"] == "NotFoundError"
