"""What the bot may expect of any catalog: in memory, in Backstage, or in a repository alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.adapters.backstage import Backstage
from bot.adapters.git_catalog import GitCatalog
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.domain.entities import EntityRef, entity_ref
from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile
from bot.ports.service_catalog import Entity, ServiceCatalog
from bot.sandbox import catalog as sandbox_catalog
from tests.contract.catalog_client import INTERVAL, component, the_shipped_catalog
from tests.contract.fake_gitlab import PROJECT, TOKEN, FakeGitLab, fake_gitlab

PATIENCE = 30.0
PAYMENTS = entity_ref("payments", kind="group")
HELLO = entity_ref("checkout-hello", kind="component")
WHOLE = the_shipped_catalog()
A_FEW = {
    "catalog-info.yaml": "---\n".join(
        WHOLE[path]
        for path in ("groups/payments.yaml", "groups/storefront.yaml", "systems/checkout.yaml")
    )
}

Files = Mapping[str, str]


@dataclass
class Subject:
    """A catalog that knows the demo company, and the hand that commits files to where it reads."""

    catalog: ServiceCatalog
    put: Callable[[str, str], Awaitable[str]]

    async def seen(
        self, ref: EntityRef, until: Callable[[Entity | None], bool] = bool
    ) -> Entity | None:
        """The entity, once the catalog has come round to it."""
        async with asyncio.timeout(PATIENCE):
            while not until(found := await self.catalog.find(ref)):  # noqa: ASYNC110 - over the wire
                await asyncio.sleep(0.02)
        return found


@contextlib.asynccontextmanager
async def _memory(_: Path, start: Files) -> AsyncIterator[Subject]:
    files: dict[str, bytes] = {}
    base = "https://gitlab.example.com/idp/platform/catalog/-/blob/main/"
    catalog = MemoryCatalog(files)
    for path, content in start.items():
        if path.endswith(".yaml"):
            files[base + path] = content.encode()
            catalog.read(base + path)

    async def put(path: str, content: str) -> str:
        files[base + path] = content.encode()
        return base + path

    yield Subject(catalog, put)


@contextlib.asynccontextmanager
async def _backstage(folder: Path, start: Files) -> AsyncIterator[Subject]:
    async with (
        fake_gitlab() as gitlab,
        sandbox_catalog.serve(
            port=0, state_dir=folder, gitlab_url=gitlab.url, gitlab_token=TOKEN, interval=INTERVAL
        ) as served,
    ):
        gitlab.files |= start
        catalog = Backstage(served.url, token=SecretStr(served.token), clock=_now)
        subject = Subject(catalog, _hand_of(gitlab))
        last = "location:default/idp" if len(start) > 1 else "system:default/checkout"
        await catalog.register(
            gitlab.page("catalog-info.yaml"), expects=EntityRef.model_validate(last)
        )
        await subject.seen(entity_ref("checkout", kind="system"))
        if len(start) > 1:
            await subject.seen(entity_ref("elif", kind="user"))
        yield subject
        await catalog.close()


def _hand_of(gitlab: FakeGitLab) -> Callable[[str, str], Awaitable[str]]:
    async def put(path: str, content: str) -> str:
        gitlab.files[path] = content
        return gitlab.page(path)

    return put


@contextlib.asynccontextmanager
async def _git(_: Path, start: Files) -> AsyncIterator[Subject]:
    url, app = "https://gitlab.example.com", "idp/payments/checkout-hello"
    git = MemoryGitHost(url)
    for project in (PROJECT, app):
        git.add_project(project)
    await git.ensure_files(PROJECT, _committed(start), message="Start")

    async def put(path: str, content: str) -> str:
        await git.ensure_files(app, _committed({path: content}), message="Change")
        return f"{url}/{app}/-/blob/main/{path}"

    yield Subject(GitCatalog(git, project=PROJECT, gitlab_url=url), put)


def _committed(files: Files) -> dict[str, RenderedFile]:
    return {path: RenderedFile(content=content.encode()) for path, content in files.items()}


def _now() -> datetime:
    return datetime.now(UTC)


pytestmark = pytest.mark.asyncio(loop_scope="module")
KINDS: Any = {"params": [_memory, _backstage, _git], "ids": ["memory", "backstage", "git"]}


@pytest_asyncio.fixture(name="known", scope="module", loop_scope="module", **KINDS)
async def _known(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceCatalog]:
    """One catalog of a kind for all the tests that only read."""
    async with request.param(tmp_path_factory.mktemp("catalog"), WHOLE) as subject:
        yield subject.catalog


@pytest_asyncio.fixture(name="subject", loop_scope="module", **KINDS)
async def _subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    async with request.param(tmp_path, A_FEW) as subject:
        yield subject


async def test_an_entity_is_found_with_its_owner_and_its_words(known: ServiceCatalog) -> None:
    found = await known.find(entity_ref("checkout", kind="system"))

    assert found is not None
    assert found.title == "Checkout"
    assert found.description == "From a full basket to a paid order."
    assert found.owner == PAYMENTS
    assert found.problem == ""
    assert found.web_url.startswith("http")


async def test_a_user_is_found_with_groups_and_address(known: ServiceCatalog) -> None:
    found = await known.find(entity_ref("ada", kind="user"))

    assert found is not None
    assert (found.title, found.email, found.slack_id) == ("Ada Okafor", "ada@example.com", "U0ADA")
    assert found.groups == {PAYMENTS}


async def test_what_is_not_there_is_none(known: ServiceCatalog) -> None:
    assert await known.find(entity_ref("nope", kind="system")) is None
    assert await known.find(entity_ref("checkout", kind="component")) is None


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("system", "", ["Checkout", "Webshop"]),
        ("system", "CHECK", ["Checkout"]),
        ("group", "pay", ["Payments"]),
        ("user", "", ["Ada Okafor", "Bruno Lindt", "Chiara Rossi", "Deniz Kaya", "Elif Arslan"]),
        ("user", "okaf", ["Ada Okafor"]),
        ("user", "  deniz ", ["Deniz Kaya"]),
        ("user", "%", []),
        ("user", "_", []),
        ("component", "", []),
    ],
)
async def test_searching_looks_at_names_and_titles_and_orders_by_title(
    known: ServiceCatalog, kind: str, text: str, expected: list[str]
) -> None:
    found = await known.search(kind, text)

    assert [each.title for each in found] == expected


async def test_a_search_gives_no_more_than_asked_for(known: ServiceCatalog) -> None:
    found = await known.search("user", limit=2)

    assert [each.ref.name for each in found] == ["ada", "bruno"]


@pytest.mark.parametrize(
    ("slack_id", "email", "expected"),
    [
        ("U0ADA", "", ["ada"]),
        ("U0ADA", "bruno@example.com", ["ada"]),
        ("U0NOBODY", "Bruno@Example.com", ["bruno"]),
        ("U0NOBODY", "nobody@example.com", []),
        ("U0NOBODY", "", []),
        ("", "", []),
        ("x,kind=group", "a,b@example.com", []),
    ],
)
async def test_a_slack_user_is_known_by_id_first_and_then_by_address(
    known: ServiceCatalog, slack_id: str, email: str, expected: list[str]
) -> None:
    found = await known.find_users(slack_id=slack_id, email=email)

    assert [each.ref.name for each in found] == expected


@pytest.mark.parametrize("made", KINDS["params"], ids=KINDS["ids"])
async def test_users_who_share_an_address_are_all_found(made: Any, tmp_path: Path) -> None:
    users = [
        "apiVersion: backstage.io/v1alpha1\nkind: User\n"
        f"metadata: {{name: {name}}}\n"
        "spec: {memberOf: [], profile: {email: desk@example.com}}\n"
        for name in ("zoe", "gil")
    ]
    few = A_FEW["catalog-info.yaml"]

    async with made(tmp_path, {"catalog-info.yaml": "---\n".join((few, *users))}) as subject:
        await subject.seen(entity_ref("gil", kind="user"))
        await subject.seen(entity_ref("zoe", kind="user"))
        found = await subject.catalog.find_users(slack_id="U0", email="Desk@example.com")

    assert [each.ref.name for each in found] == ["gil", "zoe"]


async def test_members_of_a_group_are_its_users(known: ServiceCatalog) -> None:
    found = await known.members(entity_ref("platform", kind="group"))

    assert [each.ref.name for each in found] == ["deniz", "elif"]
    assert await known.members(entity_ref("nobody", kind="group")) == ()


async def test_a_registered_file_can_be_found_and_searched(subject: Subject) -> None:
    location = await subject.put("hello/catalog-info.yaml", component("checkout-hello"))

    await subject.catalog.register(location, expects=HELLO)

    found = await subject.seen(HELLO)
    assert found is not None
    assert found.owner == PAYMENTS
    assert [each.ref for each in await subject.catalog.search("component", "hello")] == [HELLO]
    assert subject.catalog.page(HELLO) == found.web_url


async def test_of_a_repository_nothing_is_read_but_the_file_that_is_registered() -> None:
    url, app = "https://gitlab.example.com", "idp/payments/checkout-hello"
    git = MemoryGitHost(url)
    for project in (PROJECT, app):
        git.add_project(project)
    await git.ensure_files(PROJECT, _committed(A_FEW), message="Start")
    files = {"catalog-info.yaml": component("checkout-hello"), "big.txt": "x"}
    await git.ensure_files(app, _committed(files), message="Start")
    catalog = GitCatalog(git, project=PROJECT, gitlab_url=url)
    location = f"{url}/{app}/-/blob/main/catalog-info.yaml"
    await catalog.register(location, expects=HELLO)
    assert await catalog.find(HELLO)

    await git.ensure_files(app, _committed({"big.txt": "xx"}), message="Grow")
    git.fail_next(PermanentError("It would be too much.", "Read less."), call="read_files")

    assert await catalog.find(HELLO)
    assert await catalog.search("component")
    await catalog.register(location, expects=HELLO)


@pytest.mark.parametrize(
    "target",
    [
        "https://gitlab.example.com/idp/payments/checkout-hello/-/blob/main/",
        "https://elsewhere.example.com/idp/payments/checkout-hello/-/blob/main/a.yaml",
        "https://gitlab.example.com/idp/payments/none/-/blob/main/a.yaml",
    ],
)
async def test_a_location_that_leads_nowhere_hides_nothing_else(target: str) -> None:
    git = MemoryGitHost("https://gitlab.example.com")
    git.add_project(PROJECT)
    spec = f"kind: Location\nmetadata: {{name: hello}}\nspec: {{target: '{target}'}}\n"
    files = {**A_FEW, "locations/checkout-hello.yaml": spec, "own.yaml": component("checkout-own")}
    await git.ensure_files(PROJECT, _committed(files), message="Start")
    catalog = GitCatalog(git, project=PROJECT, gitlab_url="https://gitlab.example.com")

    assert await catalog.find(HELLO) is None
    assert [each.ref.name for each in await catalog.search("component")] == ["checkout-own"]


@pytest.mark.parametrize("broken", ["kind: Component", "metadata: {name: a}", "a: [b", "- a", ""])
async def test_a_file_that_defines_nothing_hides_nothing_else(broken: str) -> None:
    git = MemoryGitHost("https://gitlab.example.com")
    git.add_project(PROJECT)
    await git.ensure_files(PROJECT, _committed({**A_FEW, "a.yaml": broken}), message="Start")
    catalog = GitCatalog(git, project=PROJECT, gitlab_url="https://gitlab.example.com")

    assert [each.ref.name for each in await catalog.search("system")] == ["checkout"]


async def test_registering_again_reads_the_file_again(subject: Subject) -> None:
    location = await subject.put("hello/catalog-info.yaml", component("checkout-hello"))
    await subject.catalog.register(location, expects=HELLO)
    await subject.seen(HELLO)
    await subject.put(
        "hello/catalog-info.yaml", component("checkout-hello", owner="group:default/storefront")
    )

    await subject.catalog.register(location, expects=HELLO)

    storefront = entity_ref("storefront", kind="group")
    assert await subject.seen(HELLO, lambda it: bool(it and it.owner == storefront))


@pytest.mark.parametrize(
    "content",
    [
        None,
        "a: [b",
        "just text",
        component("checkout-other"),
        component("checkout-hello").replace("kind: Component", "kind: System"),
    ],
    ids=["missing", "no YAML", "no entity", "another entity", "another kind"],
)
async def test_a_file_that_will_never_do_is_refused_with_advice(
    subject: Subject, content: str | None
) -> None:
    location = await subject.put("hello/catalog-info.yaml", content or "")
    if content is None:
        location = location.replace("catalog-info", "missing")

    with pytest.raises(PermanentError) as refused:
        await subject.catalog.register(location, expects=HELLO)

    assert location in refused.value.cause
    assert refused.value.fix
    assert await subject.catalog.find(HELLO) is None


async def test_a_second_definition_is_refused_and_the_first_one_stands(subject: Subject) -> None:
    checkout = entity_ref("checkout", kind="system")
    text = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: checkout}\nspec: {owner: x}\n"
    location = await subject.put("hello/catalog-info.yaml", text)

    with pytest.raises(PermanentError, match="already"):
        await subject.catalog.register(location, expects=checkout)

    found = await subject.catalog.find(checkout)
    assert found is not None
    assert found.owner == PAYMENTS


async def test_an_entity_says_from_which_file_it_came(subject: Subject) -> None:
    location = await subject.put("hello/catalog-info.yaml", component("checkout-hello"))
    await subject.catalog.register(location, expects=HELLO)

    found = await subject.seen(HELLO)

    assert found is not None
    assert found.location == location
    repository = location.partition("/-/")[0]
    assert found.is_from(repository)
    assert found.is_from(repository, "hello/catalog-info.yaml")
    assert not found.is_from(f"{repository}-other")
    assert not found.is_from(repository, "catalog-info.yam")


async def test_an_unregistered_entity_is_gone_and_stays_so(subject: Subject) -> None:
    location = await subject.put("hello/catalog-info.yaml", component("checkout-hello"))
    await subject.catalog.register(location, expects=HELLO)
    await subject.seen(HELLO)

    await subject.catalog.unregister(HELLO, within=location.partition("/-/")[0])
    assert await subject.seen(HELLO, lambda found: found is None) is None
    await subject.catalog.unregister(HELLO)

    await subject.catalog.register(location, expects=HELLO)
    assert await subject.seen(HELLO)
    await subject.catalog.unregister(HELLO, within=location)
    assert await subject.seen(HELLO, lambda found: found is None) is None


async def test_an_entity_is_unregistered_before_the_catalog_has_read_it(subject: Subject) -> None:
    location = await subject.put("checkout-hello/catalog-info.yaml", component("checkout-hello"))
    await subject.catalog.register(location, expects=HELLO)
    await subject.catalog.unregister(HELLO)
    other = await subject.put("other/catalog-info.yaml", component("checkout-other"))
    await subject.catalog.register(other, expects=entity_ref("checkout-other", kind="component"))
    await subject.seen(entity_ref("checkout-other", kind="component"))

    assert await subject.seen(HELLO, lambda found: found is None) is None


async def test_a_location_that_brings_others_too_is_left_alone(subject: Subject) -> None:
    content = f"{component('checkout-hello')}---\n{component('checkout-other')}"
    location = await subject.put("checkout-hello/catalog-info.yaml", content)
    await subject.catalog.register(location, expects=HELLO)
    await subject.seen(HELLO)
    checkout = entity_ref("checkout", kind="system")

    await subject.catalog.unregister(HELLO)
    await subject.catalog.unregister(checkout)

    for ref in (HELLO, checkout, PAYMENTS):
        assert await subject.catalog.find(ref), ref
    assert await subject.catalog.search("component", "checkout-other")


async def test_a_repository_that_is_given_up_takes_everything_along_that_it_defines(
    subject: Subject,
) -> None:
    other = entity_ref("checkout-other", kind="component")
    content = f"{component('checkout-hello')}---\n{component('checkout-other')}"
    location = await subject.put("checkout-hello/catalog-info.yaml", content)
    await subject.catalog.register(location, expects=HELLO)
    await subject.seen(HELLO)

    await subject.catalog.unregister(HELLO, within=location.partition("/-/")[0])

    for ref in (HELLO, other):
        assert await subject.seen(ref, lambda found: found is None) is None


async def test_what_somebody_else_has_registered_under_the_name_is_left_alone(
    subject: Subject,
) -> None:
    location = await subject.put("checkout-hello/catalog-info.yaml", component("checkout-hello"))
    await subject.catalog.register(location, expects=HELLO)
    await subject.seen(HELLO)
    home = location.partition("/-/")[0]

    for elsewhere in (f"{home}-too", home[:-1], "https://gitlab.example.com/idp/other/hello"):
        await subject.catalog.unregister(HELLO, within=elsewhere)

    assert await subject.catalog.find(HELLO)


async def test_what_never_was_is_unregistered_without_a_word(subject: Subject) -> None:
    await subject.catalog.unregister(entity_ref("nowhere", kind="component"))
