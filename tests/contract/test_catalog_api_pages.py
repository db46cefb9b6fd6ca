"""The catalog's pages: where Backstage has them, and safe whatever stands in an entity."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.contract.catalog_client import (
    Client,
    a_catalog_on_files,
    component,
    the_shipped_catalog,
)
from tests.plain_http import NO_CERTIFICATES

HOSTILE = (
    component("hostile", owner="group:default/nobody")
    .replace("name: hostile", "name: hostile\n  title: '<script>alert(1)</script>'")
    .replace(
        "spec:",
        "  links:\n    - {url: 'javascript:alert(1)', title: trap}\n    - {url: 'https://ok.example', title: fine}\nspec:",
    )
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(name="client", scope="module", loop_scope="module")
async def _client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    files = the_shipped_catalog() | {"apps/hostile.yaml": HOSTILE}
    async with a_catalog_on_files(tmp_path_factory.mktemp("catalog"), files) as client:
        await client.register("catalog-info.yaml")
        await client.register("apps/hostile.yaml")
        for ref in ("user:default/elif", "component:default/hostile", "system:default/checkout"):
            await client.eventually(ref)
        yield client


async def _page(client: Client, path: str) -> httpx.Response:
    async with httpx.AsyncClient(
        base_url=client.page, follow_redirects=True, verify=NO_CERTIFICATES
    ) as visitor:
        return await visitor.get(path)


async def test_an_entity_has_its_page_where_backstage_has_it(client: Client) -> None:
    page = await _page(client, "/catalog/default/system/checkout")

    assert page.status_code == 200
    assert "From a full basket to a paid order." in page.text
    assert 'href="/catalog/default/group/payments"' in page.text
    assert 'href="/catalog/default/domain/commerce"' in page.text
    assert client.gitlab.page("systems/checkout.yaml") in page.text


async def test_a_groups_page_lists_its_members_and_what_it_owns(client: Client) -> None:
    page = await _page(client, "/catalog/default/group/payments")

    assert 'href="/catalog/default/user/ada"' in page.text
    assert 'href="/catalog/default/system/checkout"' in page.text


async def test_the_list_shows_a_kind_and_filters_it(client: Client) -> None:
    users = await _page(client, "/catalog?kind=User")
    filtered = await _page(client, "/catalog?kind=User&q=okafor")

    assert all(name in users.text for name in ("Ada Okafor", "Bruno Lindt", "ada@example.com"))
    assert "Ada Okafor" in filtered.text
    assert "Bruno Lindt" not in filtered.text


async def test_the_front_page_leads_to_the_list(client: Client) -> None:
    page = await _page(client, "/")

    assert page.url.path == "/catalog"
    assert page.status_code == 200


async def test_an_unknown_entity_is_said_to_be_missing_and_why(client: Client) -> None:
    page = await _page(client, "/catalog/default/component/nope")

    assert page.status_code == 404
    assert "component:default/nope" in page.text


async def test_what_people_wrote_never_becomes_markup_or_a_trap(client: Client) -> None:
    page = await _page(client, "/catalog/default/component/hostile")

    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "javascript:" not in page.text
    assert 'href="https://ok.example"' in page.text


async def test_a_dangling_owner_is_shown_as_such(client: Client) -> None:
    page = await _page(client, "/catalog/default/component/hostile")

    assert "group:default/nobody" in page.text
    assert 'href="/catalog/default/group/nobody"' not in page.text


async def test_an_empty_catalog_has_a_page_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with a_catalog_on_files(tmp_path_factory.mktemp("empty"), {}) as client:
        page = await _page(client, "/catalog")

    assert page.status_code == 200
    assert "Nothing here yet" in page.text
