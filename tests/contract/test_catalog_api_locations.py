"""Registering, reading again and forgetting locations, as Backstage's clients meet it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.contract.catalog_client import Client, a_catalog, component
from tests.contract.fake_gitlab import FakeGitLab, fake_gitlab
from tests.plain_http import NO_CERTIFICATES

HELLO = "component:default/hello"
SHOP = "component:default/shop"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="gitlab", scope="module", loop_scope="module")
async def _gitlab() -> AsyncIterator[FakeGitLab]:
    async with fake_gitlab() as gitlab:
        yield gitlab


@pytest_asyncio.fixture(name="client", loop_scope="module")
async def _client(tmp_path: Path, gitlab: FakeGitLab) -> AsyncIterator[Client]:
    gitlab.start_over({"hello.yaml": component("hello"), "shop.yaml": component("shop")})
    async with a_catalog(tmp_path, gitlab) as client:
        yield client


async def test_a_location_is_accepted_before_it_is_read_and_seen_soon_after(client: Client) -> None:
    answer = await client.register("hello.yaml")

    assert answer.status_code == 201
    assert answer.json()["entities"] == []
    location = answer.json()["location"]
    assert location["target"] == client.gitlab.page("hello.yaml")
    assert location["type"] == "url"
    assert location["entityRef"].startswith("location:default/generated-")
    assert await client.eventually(HELLO)


async def test_a_second_registration_is_a_conflict_and_with_refresh_it_is_not(
    client: Client,
) -> None:
    await client.register("hello.yaml")

    second = await client.register("hello.yaml")
    refreshed = await client.register("hello.yaml", onConflict="refresh")

    assert second.status_code == 409
    assert second.json()["error"]["name"] == "ConflictError"
    assert "already exists" in second.json()["error"]["message"]
    assert refreshed.status_code == 201


async def test_each_registration_is_counted_once_and_dry_runs_are_not(client: Client) -> None:
    await client.register("hello.yaml", dryRun="true")
    await client.register("hello.yaml")
    await client.register("hello.yaml")
    await client.register("hello.yaml", onConflict="refresh")

    counted = await client.http.get(f"{client.page}/sandbox/catalog/locations-created")

    assert counted.json() == {"count": 1, "targets": [client.gitlab.page("hello.yaml")]}


async def test_a_dry_run_reads_and_checks_everything_and_keeps_nothing(client: Client) -> None:
    answer = await client.register("hello.yaml", dryRun="true")

    assert answer.status_code == 201
    assert answer.json()["exists"] is False
    kinds = [entity["kind"] for entity in answer.json()["entities"]]
    assert kinds == ["Location", "Component"]
    await asyncio.sleep(0.1)
    assert await client.entity(HELLO) is None
    assert (await client.http.get("/locations")).json() == []


async def test_a_dry_run_tells_that_the_location_is_known(client: Client) -> None:
    await client.register("hello.yaml")

    answer = await client.register("hello.yaml", dryRun="true")

    assert answer.json()["exists"] is True


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(component("Bad Name!"), '"metadata.name" is not valid', id="bad name"),
        pytest.param(component("x", owner="''"), "/spec/owner must NOT have fewer", id="bad spec"),
        pytest.param("a: [b", "YAML error at url:", id="broken YAML"),
        pytest.param("just text", "Expected object at root, got string", id="no mapping"),
        pytest.param(
            component("x").replace("Component", "Gadget"),
            "is not of an allowed kind",
            id="forbidden",
        ),
        pytest.param(component("x", dependsOn="[shop]"), "missing or empty kind", id="short ref"),
    ],
)
async def test_a_dry_run_refuses_a_file_with_backstages_words(
    client: Client, content: str, complaint: str
) -> None:
    client.gitlab.files["new.yaml"] = content

    answer = await client.register("new.yaml", dryRun="true")

    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "InputError"
    assert complaint in answer.json()["error"]["message"]
    assert answer.json()["response"] == {"statusCode": 400}


async def test_a_dry_run_names_a_missing_file_by_both_its_addresses(client: Client) -> None:
    answer = await client.register("missing.yaml", dryRun="true")

    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert client.gitlab.page("missing.yaml") in message
    assert "files/missing.yaml/raw?ref=main, 404 Not Found" in message


async def test_a_host_without_integration_is_refused(client: Client) -> None:
    location = {"type": "url", "target": "https://elsewhere.example/g/p/-/blob/main/x.yaml"}

    answer = await client.http.post("/locations?dryRun=true", json=location)

    assert answer.status_code == 400
    assert "is not allowed. You may need to configure" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [{"type": "file", "target": "./x.yaml"}, {"type": "url"}, {"target": "x"}, ["x"]]
)
async def test_what_is_no_url_location_is_refused(client: Client, body: object) -> None:
    answer = await client.http.post("/locations", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "InputError"


@pytest.mark.parametrize(
    "content",
    [component("Bad Name!"), component("gadget").replace("Component", "Gadget"), "a: [b"],
)
async def test_a_bad_file_is_accepted_and_then_nothing_ever_appears(
    client: Client, content: str
) -> None:
    client.gitlab.files["bad.yaml"] = content

    answer = await client.register("bad.yaml")
    await client.rounds()

    assert answer.status_code == 201
    assert [name for name in await client.names() if not name.startswith("generated")] == []


async def test_a_location_that_never_worked_has_no_entity_until_its_file_is_there(
    client: Client,
) -> None:
    location = (await client.register("late.yaml")).json()["location"]
    await client.rounds()
    assert await client.entity(location["entityRef"]) is None

    client.gitlab.files["late.yaml"] = component("late")

    assert await client.eventually("component:default/late")
    assert await client.entity(location["entityRef"])


async def test_an_entity_that_turns_bad_keeps_its_old_spec_and_shows_the_error(
    client: Client,
) -> None:
    await client.register("hello.yaml")
    await client.eventually(HELLO)
    client.gitlab.files["hello.yaml"] = component("hello", owner="[]")

    broken = await client.eventually(HELLO, lambda entity: bool(entity and "status" in entity))

    assert broken is not None
    assert broken["spec"]["owner"] == "group:default/payments"
    item = broken["status"]["items"][0]
    assert item["type"] == "backstage.io/catalog-processing"
    assert item["level"] == "error"
    assert item["message"].startswith("InputError: ")
    assert item["error"]["name"] == "InputError"


async def test_a_missing_file_leaves_its_entities_and_marks_the_location(client: Client) -> None:
    location = (await client.register("hello.yaml")).json()["location"]
    await client.eventually(HELLO)
    del client.gitlab.files["hello.yaml"]

    marked = await client.eventually(
        location["entityRef"], lambda entity: bool(entity and "status" in entity)
    )

    assert marked is not None
    assert "404 Not Found" in marked["status"]["items"][0]["message"]
    hello = await client.entity(HELLO)
    assert hello is not None
    assert "status" not in hello


async def test_an_error_is_gone_once_the_file_is_in_order_again(client: Client) -> None:
    await client.register("hello.yaml")
    await client.eventually(HELLO)
    client.gitlab.files["hello.yaml"] = component("hello", owner="[]")
    await client.eventually(HELLO, lambda entity: bool(entity and "status" in entity))

    client.gitlab.files["hello.yaml"] = component("hello", type="library")

    fixed = await client.eventually(HELLO, lambda entity: bool(entity and "status" not in entity))
    assert fixed is not None
    assert fixed["spec"]["type"] == "library"


async def test_the_first_definition_of_an_entity_wins_silently(client: Client) -> None:
    await client.register("hello.yaml")
    await client.eventually(HELLO)
    client.gitlab.files["rival.yaml"] = component("hello", type="library")

    answer = await client.register("rival.yaml")
    await client.rounds()

    assert answer.status_code == 201
    hello = await client.entity(HELLO)
    assert hello is not None
    assert hello["spec"]["type"] == "service"
    assert "status" not in hello
    location = hello["metadata"]["annotations"]["backstage.io/managed-by-location"]
    assert location == f"url:{client.gitlab.page('hello.yaml')}"


async def test_deleting_a_location_takes_its_entities_with_it_and_only_those(
    client: Client,
) -> None:
    await client.register("shop.yaml")
    await client.register("hello.yaml")
    await client.eventually(SHOP)
    await client.eventually(HELLO)
    found = (await client.http.get("/locations/by-entity/component/default/hello")).json()

    deleted = await client.http.delete(f"/locations/{found['id']}")

    assert deleted.status_code == 204
    assert await client.entity(HELLO) is None
    assert await client.entity(SHOP)
    again = await client.http.delete(f"/locations/{found['id']}")
    assert again.status_code == 404
    assert (await client.http.get(f"/locations/{found['id']}")).status_code == 404


async def test_an_entity_behind_two_locations_outlives_one_of_them(client: Client) -> None:
    client.gitlab.files["all.yaml"] = (
        "apiVersion: backstage.io/v1alpha1\nkind: Location\n"
        "metadata: {name: all}\nspec: {targets: [./hello.yaml]}\n"
    )
    await client.register("all.yaml")
    await client.eventually(HELLO)
    direct = (await client.register("hello.yaml")).json()["location"]
    await client.eventually(direct["entityRef"])

    await client.http.delete(f"/locations/{direct['id']}")

    assert await client.entity(HELLO)


async def test_locations_are_listed_wrapped_and_read_bare(client: Client) -> None:
    location = (await client.register("hello.yaml")).json()["location"]

    listed = (await client.http.get("/locations")).json()
    read = (await client.http.get(f"/locations/{location['id']}")).json()

    assert listed == [{"data": location}]
    assert read == location


async def test_what_is_no_longer_brought_in_becomes_an_orphan_and_then_goes(
    client: Client,
) -> None:
    client.gitlab.files["two.yaml"] = component("one") + "---\n" + component("two")
    await client.register("two.yaml")
    await client.eventually("component:default/two")
    seen = asyncio.create_task(
        client.eventually(
            "component:default/two",
            lambda it: it is None or "backstage.io/orphan" in it["metadata"]["annotations"],
        )
    )

    client.gitlab.files["two.yaml"] = component("one")

    await seen
    await client.eventually("component:default/two", lambda entity: entity is None)
    assert await client.entity("component:default/one")


async def test_an_entity_deleted_by_its_uid_is_back_while_its_location_stays(
    client: Client,
) -> None:
    await client.register("hello.yaml")
    hello = await client.eventually(HELLO)
    assert hello is not None

    deleted = await client.http.delete(f"/entities/by-uid/{hello['metadata']['uid']}")

    assert deleted.status_code == 204
    back = await client.eventually(HELLO)
    assert back is not None
    assert back["metadata"]["uid"] != hello["metadata"]["uid"]


async def test_a_refresh_of_any_entity_reads_its_location_again(tmp_path: Path) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files["hello.yaml"] = component("hello")
        async with a_catalog(tmp_path, gitlab, interval=3600) as client:
            await client.register("hello.yaml")
            await client.eventually(HELLO)
            gitlab.files["hello.yaml"] = component("hello", type="library")

            answer = await client.http.post("/refresh", json={"entityRef": HELLO})

            assert (answer.status_code, answer.content) == (200, b"")
            changed = await client.eventually(
                HELLO, lambda entity: bool(entity and entity["spec"]["type"] == "library")
            )
            assert changed


async def test_a_refresh_that_comes_while_the_file_is_being_read_is_not_lost(
    tmp_path: Path,
) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files["hello.yaml"] = component("hello")
        async with a_catalog(tmp_path, gitlab, interval=3600) as client:
            gitlab.gate = asyncio.Event()
            location = (await client.register("hello.yaml")).json()["location"]
            await client.rounds(1)
            gitlab.files["hello.yaml"] = component("hello", type="library")

            await client.http.post("/refresh", json={"entityRef": location["entityRef"]})
            gitlab.gate.set()

            assert await client.eventually(
                HELLO, lambda entity: bool(entity and entity["spec"]["type"] == "library")
            )


async def test_what_is_not_there_cannot_be_refreshed(client: Client) -> None:
    answer = await client.http.post("/refresh", json={"entityRef": "component:default/nope"})

    assert answer.status_code == 404


async def test_a_catalog_on_the_same_folder_knows_what_the_last_one_knew(tmp_path: Path) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files["hello.yaml"] = component("hello")
        async with a_catalog(tmp_path, gitlab) as client:
            await client.register("hello.yaml")
            before = await client.eventually(HELLO)
            token = client.http.headers["authorization"]

        gitlab.is_down = True
        async with a_catalog(tmp_path, gitlab) as client:
            assert await client.entity(HELLO) == before
            assert client.http.headers["authorization"] == token
            assert len((await client.http.get("/locations")).json()) == 1


async def test_gitlab_being_down_changes_nothing_that_is_known(client: Client) -> None:
    await client.register("hello.yaml")
    await client.eventually(HELLO)

    client.gitlab.is_down = True
    await client.rounds()

    hello = await client.entity(HELLO)
    assert hello is not None
    assert "status" not in hello


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing credentials"),
        ({"Authorization": "Basic abc"}, "Missing credentials"),
        ({"Authorization": "Bearer wrong"}, "Illegal token"),
    ],
)
async def test_nobody_gets_in_without_the_token(
    client: Client, headers: dict[str, str], message: str
) -> None:
    async with httpx.AsyncClient(headers=headers, verify=NO_CERTIFICATES) as http:
        answer = await http.get(f"{client.page}/api/catalog/locations")

    assert answer.status_code == 401
    assert answer.json()["error"] == {"name": "AuthenticationError", "message": message}


async def test_an_analysis_only_guesses_from_the_address(client: Client) -> None:
    location = {"type": "url", "target": "http://git.example/idp/payments/hello/-/blob/main/x.yaml"}

    answer = await client.http.post("/analyze-location", json={"location": location})

    assert answer.status_code == 200
    [guess] = answer.json()["generateEntities"]
    assert answer.json()["existingEntityFiles"] == []
    assert guess["entity"]["metadata"] == {
        "name": "hello",
        "annotations": {"gitlab.com/project-slug": "idp/payments/hello"},
    }
    assert (await client.http.post("/analyze-location", json={})).status_code == 400
