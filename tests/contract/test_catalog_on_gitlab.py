"""The catalogs on a GitLab with real repositories: what is committed there is what they show."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.adapters.backstage import Backstage
from bot.adapters.git_catalog import GitCatalog
from bot.adapters.gitlab import GitLab
from bot.domain.entities import EntityRef, entity_ref
from bot.domain.request import Visibility
from bot.ports.git_host import NewProject, RenderedFile
from bot.ports.service_catalog import Entity, ServiceCatalog
from bot.sandbox import catalog as sandbox_catalog
from bot.sandbox import gitlab as sandbox_gitlab
from tests.contract.catalog_client import component, the_shipped_catalog
from tests.plain_http import NO_CERTIFICATES

CATALOG, APP = "idp/platform/catalog", "idp/payments/checkout-hello"
PATIENCE = 30.0
SYSTEM = """
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: gift-cards, title: Gift cards}
spec: {owner: 'group:default/payments'}
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Place:
    """A GitLab with the company's catalog in it, and the two ways to read it."""

    git: GitLab
    url: str
    backstage: Backstage
    repository: GitCatalog
    counter: str

    async def commit(self, project: str, path: str, content: str) -> str:
        await self.git.ensure_files(
            project, {path: RenderedFile(content=content.encode())}, message=f"Add {path}"
        )
        return f"{self.url}/{project}/-/blob/main/{path}"


async def _seen(catalog: ServiceCatalog, ref: EntityRef) -> Entity:
    async with asyncio.timeout(PATIENCE):
        while (found := await catalog.find(ref)) is None:  # noqa: ASYNC110 - over the wire
            await asyncio.sleep(0.02)
    return found


@pytest_asyncio.fixture(name="place", scope="module", loop_scope="module")
async def _place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("platform")
    async with (
        sandbox_gitlab.serve(port=0, state_dir=folder / "gitlab", people=[]) as host,
        sandbox_catalog.serve(
            port=0, state_dir=folder / "catalog", gitlab_url=host.url, gitlab_token=host.read_token
        ) as served,
    ):
        git = GitLab(
            host.url, token=SecretStr(host.token), webhook_secret=SecretStr("x"), clock=_now
        )
        backstage = Backstage(served.url, token=SecretStr(served.token), clock=_now)
        repository = GitCatalog(git, project=CATALOG, gitlab_url=host.url)
        counter = f"{served.url}/sandbox/catalog/locations-created"
        place = Place(git, host.url, backstage, repository, counter)
        await _fill(place)
        yield place
        await backstage.close()
        await git.close()


async def _fill(place: Place) -> None:
    for group in ("idp", "idp/platform", "idp/payments"):
        await place.git.ensure_group(group, title=group)
    for project in (CATALOG, APP):
        await place.git.ensure_project(
            NewProject(
                path=project,
                title=project.rpartition("/")[2],
                description="",
                visibility=Visibility.PRIVATE,
                mark="test",
            )
        )
    files = {
        path: RenderedFile(content=text.encode()) for path, text in the_shipped_catalog().items()
    }
    await place.git.ensure_files(CATALOG, files, message="Start")
    page = f"{place.url}/{CATALOG}/-/blob/main/catalog-info.yaml"
    await place.backstage.register(page, expects=entity_ref("idp", kind="location"))
    await _seen(place.backstage, entity_ref("elif", kind="user"))
    await _seen(place.backstage, entity_ref("webshop", kind="system"))


def _now() -> datetime:
    return datetime.now(UTC)


async def test_both_read_the_same_company_from_private_repositories(place: Place) -> None:
    for kind in ("user", "group", "system"):
        in_backstage = await place.backstage.search(kind)
        in_repository = await place.repository.search(kind)

        def without_page(each: Entity) -> Entity:
            return each.model_copy(update={"web_url": ""})

        assert in_backstage
        assert list(map(without_page, in_backstage)) == list(map(without_page, in_repository))


async def test_a_new_system_is_shown_by_both_and_counted_once(place: Place) -> None:
    ref = entity_ref("gift-cards", kind="system")
    location = await place.commit(CATALOG, "systems/gift-cards.yaml", SYSTEM)

    await place.backstage.register(location, expects=ref)
    await place.backstage.register(location, expects=ref)

    assert (await _seen(place.backstage, ref)).title == "Gift cards"
    assert (await _seen(place.repository, ref)).web_url == location
    async with httpx.AsyncClient(trust_env=False, verify=NO_CERTIFICATES) as visitor:
        counted = (await visitor.get(place.counter)).json()
    assert counted["targets"].count(location) == 1


async def test_a_component_in_a_repository_of_its_own_is_found_by_both(place: Place) -> None:
    ref = entity_ref("checkout-hello", kind="component")
    location = await place.commit(APP, "catalog-info.yaml", component("checkout-hello"))

    for catalog in (place.backstage, place.repository):
        await catalog.register(location, expects=ref)
        found = await _seen(catalog, ref)
        assert found.owner == entity_ref("payments", kind="group")

    head = await place.git.head(CATALOG, "main")
    await place.repository.register(location, expects=ref)
    assert await place.git.head(CATALOG, "main") == head
    fresh = GitCatalog(place.git, project=CATALOG, gitlab_url=place.url)
    assert [each.ref for each in await fresh.search("component")] == [ref]
