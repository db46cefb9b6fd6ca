"""The workspace's page in a real browser: two people at once, by mouse, keyboard and screen reader."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from slack_bolt.async_app import AsyncApp

from tests.browser import chromium
from tests.contract import slack_workspace as slack
from tests.contract.slack_workspace import Json, Room, option, plain, section

PICTURES = Path("artifacts/workspace")
pytestmark = [
    chromium.needed,
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(loop_scope="module", name="room")
async def _room(tmp_path: Path) -> AsyncIterator[Room]:
    async with slack.a_room(tmp_path) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="launched")
async def _launched() -> AsyncIterator[Browser]:
    async with chromium.started() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module", name="browser")
async def _browser(launched: Browser) -> AsyncIterator[BrowserContext]:
    context = await launched.new_context(viewport={"width": 1360, "height": 860})
    yield context
    await context.close()


async def _at(browser: BrowserContext, room: Room, user: str, place: str = "C0GENERAL") -> Page:
    page = await browser.new_page()
    await page.goto(f"{room.workspace.page}client/{user}/{place}")
    return page


async def _type(page: Page, text: str) -> None:
    composer = page.get_by_role("textbox", name="Message #general")
    await composer.fill(text)
    await composer.press("Enter")


def _form(note: str = "") -> Json:
    search = {"type": "external_select", "action_id": "systems", "min_query_length": 0}
    kinds = [option("web service", "web"), option("library")]
    kind = {"type": "static_select", "action_id": "kind", "options": kinds}
    view = slack.modal(
        {**slack.text_field("name", max_length=20), "label": plain("Name")},
        {"type": "input", "block_id": "system", "label": plain("System"), "element": search},
        {
            "type": "input",
            "block_id": "kind",
            "label": plain("Kind"),
            "dispatch_action": True,
            "element": {**kind, "initial_option": kinds[0]},
        },
        private_metadata="C0GENERAL",
    )
    if note:
        view["blocks"].insert(0, {"type": "alert", "text": plain(note), "level": "info"})
    return view


def _card(status: str) -> list[Json]:
    task = {"task_id": "one", "title": "Create the repository", "status": status}
    confirm = {
        "title": plain("Deny this request?"),
        "text": plain("Nothing will be made."),
        "confirm": plain("Yes, deny"),
        "deny": plain("Not yet"),
    }
    buttons = [
        {"type": "button", "action_id": "approve", "text": plain("Approve"), "style": "primary"},
        {"type": "button", "action_id": "deny", "text": plain("Deny"), "confirm": confirm},
    ]
    plan = {"type": "plan", "title": "hello", "tasks": [task]}
    return [plan, {"type": "actions", "block_id": "decision", "elements": buttons}]


def _with_form(app: AsyncApp) -> None:
    @app.command("/idp")
    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=_form())

    @app.options("systems")
    async def systems(ack: Any, body: Json) -> None:
        names = ("checkout", "webshop")
        await ack(options=[option(name) for name in names if body["value"] in name])

    @app.action("kind")
    async def kind(ack: Any, body: Json, client: Any) -> None:
        await ack()
        note = f"A {body['actions'][0]['selected_option']['value']} it is"
        await client.views_update(view_id=body["view"]["id"], view=_form(note))

    @app.view("form")
    async def submit(ack: Any, view: Json, client: Any) -> None:
        if view["state"]["values"]["name"]["value"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "This name is taken."})
            return
        await ack()
        await client.chat_postMessage(channel="C0GENERAL", text="hello", blocks=_card("pending"))


def _with_decisions(app: AsyncApp) -> None:
    @app.action("approve")
    async def approve(ack: Any, body: Json, client: Any) -> None:
        await ack()
        place = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await client.chat_update(**place, text="done", blocks=_card("complete")[:1])
        text = f"<@U0ADA>, it was approved by <@{body['user']['id']}>"
        await client.chat_postMessage(channel=place["channel"], thread_ts=place["ts"], text=text)

    @app.action("deny")
    async def deny(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="Only the platform team may.", replace_original=False)


@pytest_asyncio.fixture(loop_scope="module", name="app")
async def _app(room: Room) -> AsyncIterator[AsyncApp]:
    app = room.bolt()
    _with_form(app)
    _with_decisions(app)
    async with slack.connected(room, app):
        yield app


async def test_a_form_is_filled_in_and_the_card_is_decided_by_somebody_else(
    room: Room, browser: BrowserContext, app: AsyncApp
) -> None:
    ada, deniz = await _at(browser, room, "U0ADA"), await _at(browser, room, "U0DENIZ")
    await ada.bring_to_front()  # a browser draws a page behind another about once a second
    await _type(ada, "/idp new-app")
    await _fill_in(ada.get_by_role("dialog", name="New application"))
    await _decide(deniz)

    await expect(ada.get_by_text("Only the platform team may.")).to_be_hidden()
    await expect(ada.get_by_role("img", name="Complete")).to_be_visible()
    await ada.bring_to_front()
    await ada.get_by_role("link", name="1 reply").click()
    thread = ada.get_by_role("region", name="Thread")
    await expect(thread.get_by_text("it was approved by @Deniz Kaya")).to_be_visible()
    await ada.screenshot(path=PICTURES / "thread.png")


async def _fill_in(form: Locator) -> None:
    await form.get_by_role("textbox", name="Name").fill("taken")
    await form.get_by_role("combobox", name="System").press_sequentially("che")
    await form.get_by_role("option", name="checkout").click()
    await form.get_by_role("combobox", name="Kind").click()
    await form.get_by_role("option", name="library").click()
    await expect(form.get_by_text("A library it is")).to_be_visible()
    await expect(form.get_by_role("combobox", name="System")).to_have_value("checkout")
    await form.get_by_role("button", name="Create").click()
    await expect(form.get_by_text("This name is taken.")).to_be_visible()
    await form.screenshot(path=PICTURES / "form.png")
    await form.get_by_role("textbox", name="Name").fill("hello")
    await form.get_by_role("button", name="Create").click()
    await expect(form).to_be_hidden()


async def test_an_answer_that_is_too_long_is_kept_as_typed_with_an_error_below_it(
    room: Room, browser: BrowserContext, app: AsyncApp
) -> None:
    ada = await _at(browser, room, "U0ADA")
    await _type(ada, "/idp new-app")
    form = ada.get_by_role("dialog", name="New application")
    name = form.get_by_role("textbox", name="Name")

    await name.press_sequentially("a name of more than 20 signs")
    await form.get_by_role("button", name="Create").click()

    await expect(form.get_by_text("Please use at most 20 characters.")).to_be_visible()
    await expect(name).to_have_value("a name of more than 20 signs")


async def _decide(deniz: Page) -> None:
    await deniz.bring_to_front()
    await deniz.get_by_role("button", name="Deny").click()
    sure = deniz.get_by_role("dialog", name="Deny this request?")
    await sure.get_by_role("button", name="Yes, deny").click()
    await expect(deniz.get_by_text("Only the platform team may.")).to_be_visible()
    await deniz.get_by_role("button", name="Approve").click()


async def test_a_thread_is_answered_and_seen_in_the_other_window(
    room: Room, browser: BrowserContext
) -> None:
    ada, bruno = await _at(browser, room, "U0ADA"), await _at(browser, room, "U0BRUNO")
    await _type(ada, "Who has *time*?")
    message = bruno.get_by_role("article").filter(has_text="Who has time?")
    await message.hover()
    await message.get_by_role("link", name="Reply in thread").click()
    reply = bruno.get_by_role("region", name="Thread").get_by_role("textbox")
    await reply.fill("I do")
    await reply.press("Enter")

    await expect(ada.get_by_text("1 reply")).to_be_visible()
    await expect(ada.get_by_role("strong").filter(has_text="time")).to_be_visible()


async def test_what_is_new_elsewhere_is_marked_until_it_is_read(
    room: Room, browser: BrowserContext
) -> None:
    ada = await _at(browser, room, "U0ADA")
    await room.web().chat_postMessage(channel="C0PAYMENTS", text="news")

    link = ada.get_by_role("link", name="payments")
    await expect(link.get_by_label("1 unread")).to_be_visible()
    await link.click()
    await expect(ada.get_by_text("news")).to_be_visible()
    await expect(link.get_by_label("1 unread")).to_be_hidden()


async def test_another_person_is_one_click_away(room: Room, browser: BrowserContext) -> None:
    page = await browser.new_page()
    await page.goto(room.workspace.page)
    await page.get_by_role("link", name="Ada Okafor").click()
    await page.get_by_role("link", name="Be Deniz Kaya").click()

    await expect(page.get_by_role("link", name="Be Deniz Kaya")).to_have_attribute(
        "aria-current", "true"
    )
    await expect(page.get_by_text("deniz@example.com")).to_be_visible()


async def test_the_keyboard_alone_completes_a_command_and_closes_the_form(
    room: Room, browser: BrowserContext, app: AsyncApp
) -> None:
    page = await _at(browser, room, "U0ADA")
    composer = page.get_by_role("textbox", name="Message #general")
    await composer.press_sequentially("/idp n")
    await page.keyboard.press("Tab")
    await expect(composer).to_have_value("/idp new-app")
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="New application")
    await expect(form.get_by_role("textbox", name="Name")).to_be_focused()
    await page.keyboard.type("hello")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(form.get_by_role("option", name="checkout")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(form.get_by_role("combobox", name="System")).to_have_value("webshop")
    await page.keyboard.press("Escape")

    await expect(form).to_be_hidden()
    assert await room.modals("U0ADA") == []


async def test_a_form_opens_in_the_window_that_asked_and_holds_the_focus_until_it_closes(
    room: Room, browser: BrowserContext, app: AsyncApp
) -> None:
    left, right = await _at(browser, room, "U0ADA"), await _at(browser, room, "U0ADA")
    await left.bring_to_front()
    await _type(left, "/idp new-app")
    form = left.get_by_role("dialog", name="New application")
    await expect(form.get_by_role("textbox", name="Name")).to_be_focused()

    for _ in range(9):  # the form has seven places to go to
        await left.keyboard.press("Tab")
        assert await left.evaluate("!document.activeElement.closest('#app')")
    await expect(right.get_by_role("dialog")).to_have_count(0)
    await left.keyboard.press("Escape")

    await expect(left.get_by_role("textbox", name="Message #general")).to_be_focused()


async def test_a_button_that_is_pressed_twice_is_sent_once_and_shows_that_it_waits(
    room: Room, browser: BrowserContext, app: AsyncApp
) -> None:
    pressed: list[Json] = []
    answered = asyncio.Event()

    @app.action("slow")
    async def slow(ack: Any, body: Json) -> None:
        pressed.append(body["actions"][0])
        await answered.wait()
        await ack()

    page = await _at(browser, room, "U0ADA")
    button = {"type": "button", "action_id": "slow", "text": plain("Go")}
    more = [option("Look", "look"), option("Leave", "leave")]
    menu = {"type": "overflow", "action_id": "slow", "options": more}
    rows = [{"type": "actions", "elements": [one]} for one in (button, menu)]
    await room.web().chat_postMessage(channel="C0GENERAL", text="a", blocks=rows)
    go = page.get_by_role("button", name="Go")
    await go.dblclick()
    await go.press("Enter")
    await expect(go).to_have_attribute("aria-busy", "true")
    answered.set()
    await expect(go).not_to_have_attribute("aria-busy", "true")

    await page.get_by_role("button", name="More actions").press("Enter")
    await expect(page.get_by_role("menuitem", name="Look")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Leave")).to_be_hidden()
    await slack.until(lambda: asyncio.sleep(0, len(pressed) == 2))
    assert pressed[1]["selected_option"]["value"] == "leave"


async def test_the_first_message_that_is_new_to_a_reader_is_marked(
    room: Room, browser: BrowserContext
) -> None:
    await room.web().chat_postMessage(channel="C0GENERAL", text="known")
    await room.http.get("/client/U0ADA/C0GENERAL")
    for text in ("fresh", "fresher"):
        await room.web().chat_postMessage(channel="C0GENERAL", text=text)
    page = await _at(browser, room, "U0ADA")

    marked = page.locator(".first-new")
    await expect(marked).to_have_count(1)
    await expect(marked).to_contain_text("fresh")


async def test_a_narrow_dark_screen_shows_everything_too(
    room: Room, browser: BrowserContext
) -> None:
    page = await browser.new_page()
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{room.workspace.page}client/U0ADA/C0GENERAL")
    await room.web().chat_postMessage(channel="C0GENERAL", text="a", blocks=_card("in_progress"))
    await expect(page.get_by_text("Create the repository")).to_be_visible()
    await page.screenshot(path=PICTURES / "narrow.png")
    await page.get_by_role("button", name="Open the list of conversations").click()
    await page.get_by_role("link", name="platform").click()

    await expect(page.get_by_role("heading", name="#platform", exact=True)).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


async def test_hostile_text_stays_text(room: Room, browser: BrowserContext) -> None:
    page = await _at(browser, room, "U0ADA")
    hostile = "<img src=x onerror=alert(1)> <javascript:alert(1)|go> `<b>` *<script>*"
    await room.web().chat_postMessage(channel="C0GENERAL", text="a", blocks=[section(hostile)])

    await expect(page.get_by_role("log").get_by_text("go").last).to_be_visible()
    assert await page.locator(".message img, .message b, .message script").count() == 0
    assert await page.locator(".message a[href^=javascript]").count() == 0


async def test_a_window_that_lost_the_workspace_says_so(
    tmp_path: Path, browser: BrowserContext
) -> None:
    async with slack.a_room(tmp_path) as room:
        page = await _at(browser, room, "U0ADA")
        await expect(page.get_by_role("textbox")).to_be_visible()

    await expect(page.locator("body")).to_have_class("client offline")


async def test_faults_are_asked_for_and_cleared_by_keyboard(
    browser: BrowserContext, room: Room
) -> None:
    page = await _at(browser, room, "U0ADA")
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Faults on demand").click()
    panel = await opened.value
    await panel.get_by_role("radio", name="Slow answers").focus()
    await panel.keyboard.press("ArrowDown")
    await panel.keyboard.press("ArrowDown")
    form = panel.get_by_role("form", name="Server error")
    await form.get_by_label("Part").select_option("slack")
    await form.get_by_label("Status").fill("900")
    await panel.keyboard.press("Enter")
    await expect(form.get_by_role("textbox", name="Status")).to_be_focused()
    await expect(form.get_by_text("less than or equal to 599")).to_be_visible()

    await form.get_by_label("Status").fill("503")
    await panel.keyboard.press("Enter")

    await expect(panel.get_by_role("heading", name="Server error slack")).to_be_visible()
    await expect(page.get_by_label("1 on")).to_be_visible()
    await panel.screenshot(path=PICTURES / "faults.png", full_page=True)
    await panel.get_by_role("button", name="Clear Server error of slack").click()
    await expect(panel.get_by_text("All parts work as they should.")).to_be_visible()
    await expect(page.get_by_label("1 on")).to_have_count(0)
