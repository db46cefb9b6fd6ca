"""The main story as people live it: one fills in the form, another approves, and both watch until the address answers."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from tests.boxed import Json
from tests.browser import chromium
from tests.browser.conftest import Album
from tests.demo import a_demo

SCREEN: ViewportSize = {"width": 1280, "height": 700}
HIGH: ViewportSize = {"width": 1280, "height": 1000}  # enough for a whole card
SECONDS = 1000
pytestmark = [chromium.needed, pytest.mark.timeout(240)]

LINKS = {
    "Application repository": "checkout-price-list",
    "Deployment repository": "checkout-price-list-deployment",
    "Pipeline": "Passed",
    "Environment declaration": "Declare payments-checkout-price-list in development",
    "Argo CD application": "payments-checkout-price-list",
    "Catalog entry": "component:default/checkout-price-list",
}
SHOWN = {
    "Application repository": "repository",
    "Argo CD application": "argocd",
    "Catalog entry": "catalog",
}


@pytest.fixture(scope="module", name="demo")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    with a_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo.told


@pytest_asyncio.fixture(name="browser")
async def _browser() -> AsyncIterator[Browser]:
    async with chromium.started() as browser:
        yield browser


async def _window(browser: Browser, demo: Json, person: str) -> Page:
    """A window in which somebody has chosen who they are."""
    context = await browser.new_context(
        viewport=SCREEN, color_scheme="light", ignore_https_errors=True
    )
    context.set_default_timeout(10 * SECONDS)
    page = await context.new_page()
    await page.goto(demo["page"])
    await page.get_by_role("link", name=person).click()
    await expect(page.get_by_role("heading", name="#general", exact=True)).to_be_visible()
    return page


async def test_two_people_get_from_a_form_to_an_application_that_answers(
    demo: Json, browser: Browser, album: Album
) -> None:
    chiara = await _window(browser, demo, "Chiara Rossi")
    bruno = await _window(browser, demo, "Bruno Lindt")

    await _ask(chiara, album)
    await _approve(bruno, album)
    await _watch(bruno, album)
    thread = await _finished_thread(chiara, album)

    for label, content in LINKS.items():
        page = await _opened(thread.get_by_role("link", name=label, exact=True).last)
        await expect(page.get_by_text(content, exact=True).first).to_be_visible()
        await album.keep(page, SHOWN.get(label, label), is_shown=label in SHOWN)
    live = await _opened(thread.get_by_role("link", name="price-list.localhost"))
    await expect(live.get_by_text('"name":"Price List"')).to_be_visible()
    await album.keep(live, "Live URL")


async def _ask(chiara: Page, album: Album) -> None:
    composer = chiara.get_by_role("textbox", name="Message #general")
    await composer.fill("/idp new-app")
    await composer.press("Enter")
    form = chiara.get_by_role("dialog", name="New application")
    await form.get_by_role("textbox", name="Name", exact=True).fill("Price List")
    await _search(form, "System", "check", "Checkout")
    await form.get_by_role("textbox", name="Description").fill(
        "Tells the shop's pages what everything costs."
    )
    hostname = form.get_by_role("textbox", name="Hostname")
    await hostname.fill("Price_List")
    await _search(form, "Owner", "pay", "Payments")
    foreseen = form.get_by_role("note").filter(has_text="Will need an approval from payments")
    await expect(foreseen).to_be_visible()

    await form.get_by_role("button", name="Create").click()
    await expect(hostname).to_have_accessible_error_message(re.compile("Use lower-case letters"))
    await album.keep(chiara, "refused")
    await hostname.fill("price-list")
    await chiara.set_viewport_size(HIGH)
    await album.keep(chiara, "modal", is_shown=True)
    await form.get_by_role("button", name="Create").click()
    await expect(form).to_be_hidden()
    await expect(_plan(chiara, "Waiting for approval")).to_be_visible()
    await expect(chiara.get_by_role("link", name="1 reply")).to_be_visible()
    await album.keep(chiara, "waiting")


async def _search(form: Locator, field: str, typed: str, wanted: str) -> None:
    await form.get_by_role("combobox", name=field).press_sequentially(typed)
    await form.get_by_role("option", name=wanted).click()
    await expect(form.get_by_role("combobox", name=field)).to_have_value(wanted)


async def _approve(bruno: Page, album: Album) -> None:
    await bruno.bring_to_front()  # a browser draws a page behind another about once a second
    await bruno.get_by_role("button", name="Approve", exact=True).click()
    await expect(bruno.get_by_text("You approved “Price List”.")).to_be_visible()
    await expect(bruno.get_by_role("button", name="Approve", exact=True)).to_be_hidden()
    await album.keep(bruno, "approved")


async def _watch(bruno: Page, album: Album) -> None:
    await _step(bruno, "Create the application repository", "Complete")
    await _step(bruno, "Run the first pipeline", "In progress")
    await bruno.set_viewport_size(HIGH)
    await album.keep(bruno, "card", is_shown=True)
    await expect(_plan(bruno, "Done in")).to_be_visible(timeout=90 * SECONDS)
    await expect(bruno.get_by_role("button", name="Cancel")).to_be_hidden()
    await album.keep(bruno, "done")


def _plan(page: Page, title: str) -> Locator:
    return page.get_by_role("main").get_by_role("region", name=title)


async def _step(page: Page, title: str, state: str) -> None:
    """Wait for a step of the card to be in a state."""
    step = page.get_by_role("main").get_by_role("listitem").filter(has_text=title)
    await expect(step.get_by_role("img", name=state)).to_be_visible(timeout=30 * SECONDS)


async def _finished_thread(chiara: Page, album: Album) -> Locator:
    await chiara.bring_to_front()
    await chiara.set_viewport_size(SCREEN)
    await chiara.get_by_role("link", name="3 replies").click()
    thread = chiara.get_by_role("region", name="Thread")
    await expect(thread.get_by_text("done. It took")).to_contain_text(re.compile(r"took \d+ s"))
    await album.keep(chiara, "thread", is_shown=True)
    return thread


async def _opened(link: Locator) -> Page:
    """The page that a link opens in a window of its own."""
    context: BrowserContext = link.page.context
    async with context.expect_page() as opening:
        await link.click()
    page = await opening.value
    await page.wait_for_load_state()
    return page
