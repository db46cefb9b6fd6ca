"""How the catalog reads GitLab: the calls it makes, and what it makes of the files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contract.catalog_client import (
    Client,
    a_catalog,
    a_catalog_on_files,
    component,
    the_shipped_catalog,
)
from tests.contract.fake_gitlab import FakeGitLab, fake_gitlab

PROJECT = "/api/v4/projects/idp%2Fplatform%2Fcatalog"
HELLO = "component:default/hello"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="gitlab", scope="module", loop_scope="module")
async def _gitlab() -> AsyncIterator[FakeGitLab]:
    async with fake_gitlab() as gitlab:
        yield gitlab


@pytest_asyncio.fixture(name="client", loop_scope="module")
async def _client(tmp_path: Path, gitlab: FakeGitLab) -> AsyncIterator[Client]:
    gitlab.start_over({"apps/hello.yaml": component("hello")})
    async with a_catalog(tmp_path, gitlab) as client:
        yield client


async def test_a_file_is_read_by_one_raw_call_on_the_encoded_path(tmp_path: Path) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files["apps/hello.yaml"] = component("hello")
        async with a_catalog(tmp_path, gitlab, interval=3600) as client:
            await client.register("apps/hello.yaml")
            await client.eventually(HELLO)

    assert gitlab.calls == [f"{PROJECT}/repository/files/apps%2Fhello.yaml/raw?ref=main"]


async def test_a_glob_is_read_from_the_folders_archive_and_only_after_a_new_commit(
    tmp_path: Path,
) -> None:
    async with fake_gitlab() as gitlab:
        gitlab.files |= {"apps/a.yaml": component("a"), "apps/b.yaml": component("b")}
        gitlab.files |= {"apps/deep/c.yaml": component("c"), "apps/notes.md": "no entity"}
        async with a_catalog(tmp_path, gitlab, interval=3600) as client:
            ref = (await client.register("apps/*.yaml")).json()["location"]["entityRef"]
            await client.eventually("component:default/b")
            first = list(gitlab.calls)
            await client.http.post("/refresh", json={"entityRef": ref})
            await client.rounds(2)
            second = gitlab.calls[len(first) :]
            names = await client.names(filter="kind=component")

    project = [PROJECT, f"{PROJECT}/repository/commits?ref_name=main&path=apps"]
    assert first == [*project, f"{PROJECT}/repository/archive?sha=main&path=apps"]
    assert second == project
    assert sorted(names) == ["a", "b"]


async def test_a_branch_with_a_slash_must_be_encoded(client: Client) -> None:
    encoded = {"type": "url", "target": client.gitlab.page("x.yaml", branch="feat%2Fx")}
    plain = {"type": "url", "target": client.gitlab.page("x.yaml", branch="feat/x")}

    await client.http.post("/locations?dryRun=true", json=encoded)
    await client.http.post("/locations?dryRun=true", json=plain)

    assert client.gitlab.calls == [
        f"{PROJECT}/repository/files/x.yaml/raw?ref=feat%2Fx",
        f"{PROJECT}/repository/files/x%2Fx.yaml/raw?ref=feat",
    ]


async def test_an_address_that_is_no_files_page_is_refused(client: Client) -> None:
    target = client.gitlab.page("apps/hello.yaml").replace("/blob/", "/raw/")

    answer = await client.http.post(
        "/locations?dryRun=true", json={"type": "url", "target": target}
    )

    assert answer.status_code == 400
    assert "Url path must include /blob/" in answer.json()["error"]["message"]


async def test_the_shipped_catalog_is_read_whole_from_its_one_file(tmp_path: Path) -> None:
    async with a_catalog_on_files(tmp_path, the_shipped_catalog()) as client:
        answer = await client.register("catalog-info.yaml", dryRun="true")
        await client.register("catalog-info.yaml")
        payments = await client.eventually(
            "group:default/payments", lambda group: bool(group and len(group["relations"]) == 3)
        )

    assert answer.status_code == 201, answer.text
    assert payments is not None
    assert payments["relations"] == [
        {"type": "hasMember", "targetRef": "user:default/ada"},
        {"type": "hasMember", "targetRef": "user:default/bruno"},
        {"type": "ownerOf", "targetRef": "system:default/checkout"},
    ]


async def test_a_pattern_that_matches_nothing_spoils_its_location(client: Client) -> None:
    answer = await client.register("none/*.yaml", dryRun="true")

    assert answer.status_code == 400
    assert "no matching files found" in answer.json()["error"]["message"]


async def test_one_broken_file_keeps_the_whole_location_from_changing(client: Client) -> None:
    await client.register("apps/*.yaml")
    await client.eventually(HELLO)

    client.gitlab.files |= {"apps/broken.yaml": "a: [b", "apps/new.yaml": component("new")}
    await client.rounds(6)

    assert await client.entity("component:default/new") is None
    del client.gitlab.files["apps/broken.yaml"]
    assert await client.eventually("component:default/new")


@pytest.mark.parametrize(
    ("placeholder", "path", "content", "expected"),
    [
        ("$text", "api.yaml", "openapi: 3.1.0\n", "openapi: 3.1.0\n"),
        ("$json", "api.json", '{"a": 1}', {"a": 1}),
        ("$yaml", "api.yaml", "a: [1, 2020-01-01]", {"a": [1, "2020-01-01"]}),
    ],
)
async def test_placeholders_are_filled_from_files_beside_the_entity(
    client: Client, placeholder: str, path: str, content: str, expected: object
) -> None:
    client.gitlab.files[f"apps/{path}"] = content
    client.gitlab.files["apps/hello.yaml"] = component(
        "hello", extra=f"{{{placeholder}: ./{path}}}", kept="{$ref: '#/x'}"
    )

    await client.register("apps/hello.yaml")

    hello = await client.eventually(HELLO)
    assert hello is not None
    assert hello["spec"]["extra"] == expected
    assert hello["spec"]["kept"] == {"$ref": "#/x"}


async def test_a_placeholder_without_its_file_is_refused(client: Client) -> None:
    client.gitlab.files["apps/hello.yaml"] = component("hello", extra="{$text: ./none.md}")

    answer = await client.register("apps/hello.yaml", dryRun="true")

    assert answer.status_code == 400
    assert "Placeholder $text could not read location" in answer.json()["error"]["message"]


async def test_a_changed_placeholder_file_is_seen_though_the_entitys_file_is_not_changed(
    client: Client,
) -> None:
    client.gitlab.files |= {
        "apps/note.md": "old",
        "apps/hello.yaml": component("hello", extra="{$text: ./note.md}"),
    }
    await client.register("apps/hello.yaml")
    await client.eventually(HELLO)

    client.gitlab.files["apps/note.md"] = "new"

    assert await client.eventually(
        HELLO, lambda entity: bool(entity and entity["spec"]["extra"] == "new")
    )


async def test_an_entity_tells_where_it_is_from_and_where_it_is_edited(client: Client) -> None:
    await client.register("apps/hello.yaml")

    hello = await client.eventually(HELLO)

    page = client.gitlab.page("apps/hello.yaml")
    assert hello is not None
    assert hello["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{page}",
        "backstage.io/managed-by-origin-location": f"url:{page}",
        "backstage.io/view-url": page,
        "backstage.io/edit-url": page.replace("/blob/", "/edit/"),
        "backstage.io/source-location": f"url:{client.gitlab.url}/idp/platform/catalog/-/tree/main/apps/",
    }


async def test_what_the_file_says_of_its_source_stands(client: Client) -> None:
    source = "url:https://elsewhere.example/src/"
    client.gitlab.files["apps/hello.yaml"] = component("hello").replace(
        "name: hello", f"name: hello\n  annotations: {{backstage.io/source-location: '{source}'}}"
    )

    await client.register("apps/hello.yaml")

    hello = await client.eventually(HELLO)
    assert hello is not None
    assert hello["metadata"]["annotations"]["backstage.io/source-location"] == source
