"""`/idp` and its words, and the Home, over Slack's socket."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.approval import Verdict
from bot.domain.entities import EntityRef, Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.limits import Freeze
from bot.domain.request import Visibility
from bot.slack import people
from tests.builders import CHIARA, group
from tests.colleague import eventually
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_stories import FILLED_IN, decided, stored
from tests.unit.slack_world import Member, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world.listening(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(world: World) -> Member:
    return world.member("ada")


@pytest.fixture
def deniz(world: World) -> Member:
    return world.member("deniz")


async def test_the_bare_command_shows_help_with_buttons_that_open_the_forms(
    world: World, ada: Member
) -> None:
    await ada.says("/idp")
    assert await ada.whisper() == "What /idp can do"

    await ada.presses((await ada.whispers())[-1], "New system")

    assert (await ada.modal())["title"]["text"] == "New system"


async def test_a_wrong_word_is_answered_with_the_one_that_was_meant(ada: Member) -> None:
    await ada.says("/idp new-ap")
    assert await ada.whisper() == "There is no “new-ap”. Did you mean “/idp new-app”?"


async def test_a_word_like_no_other_is_answered_with_all_there_are(ada: Member) -> None:
    await ada.says("/idp xyzzy")
    assert "There is: help, new-app, new-system, status" in await ada.whisper()


async def test_status_shows_the_card_of_a_job_or_an_application(world: World, ada: Member) -> None:
    await world.behind.jobs.create(jobs.a_done_job())

    await ada.says("/idp status hello-shop")

    assert await ada.whisper() == "New application “Hello shop” for payments: done"
    assert "plan" in [b["type"] for b in (await ada.whispers())[-1]["blocks"]]


async def test_status_of_something_unknown_says_where_to_look(ada: Member) -> None:
    await ada.says("/idp status <nothing>")
    assert "There is no job or application “&lt;nothing&gt;”" in await ada.whisper()


async def test_what_another_version_wrote_is_told_in_words_and_keeps_nobody_from_the_rest(
    world: World, ada: Member
) -> None:
    await world.behind.jobs.create(jobs.a_done_job())
    await world.behind.jobs.create(jobs.a_job(id="newer"))
    world.behind.jobs.unreadable.add("newer")

    await ada.says("/idp status hello-shop")
    assert "done" in await ada.whisper()

    await ada.says("/idp cancel newer")
    await eventually(lambda: _whispered(ada, "Job newer was written by another version"))


async def test_jobs_lists_ones_own_before_the_others(world: World, ada: Member) -> None:
    by_deniz = jobs.an_app_request(name="Other", slug="other", requester=jobs.DENIZ)
    later = jobs.NOW + timedelta(hours=1)
    await world.behind.jobs.create(jobs.a_job(id="b", request=by_deniz, created_at=later))
    await world.behind.jobs.create(jobs.a_done_job())

    await ada.says("/idp jobs")

    await ada.whisper()
    shown = [b["text"]["text"] for b in (await ada.whispers())[-1]["blocks"]]
    assert ["Hello shop" in shown[0], "Other" in shown[1]] == [True, True]


async def test_a_private_request_is_shown_to_those_alone_whom_it_concerns(
    world: World, ada: Member, deniz: Member
) -> None:
    request = jobs.an_app_request(visibility=Visibility.PRIVATE)
    await world.behind.jobs.create(jobs.a_job(request=request))
    chiara = world.member("chiara")

    for words in ("status hello-shop", "retry hello-shop", "cancel hello-shop"):
        await chiara.says(f"/idp {words}")
        assert "There is no job or application" in await chiara.whisper()
    refused = [(e.what, e.slack_id, e.who, e.job) for e in world.behind.audit.entries]
    chiaras = ("see", "U0CHIARA", "user:default/chiara", "k3v9x2ab")
    assert refused == [chiaras] * 3
    await chiara.says("/idp jobs")
    await eventually(lambda: _whispered(chiara, "Nobody has asked for anything"))
    assert not await _whispered(chiara, "Hello shop")
    for member in (ada, deniz):
        await member.says("/idp status hello-shop")
        await eventually(lambda member=member: _whispered(member, "Hello shop"))  # type: ignore[misc] # a lambda's default


@pytest.mark.parametrize("words", ["status hello-shop", "cancel hello-shop"])
async def test_a_newer_namesake_that_one_may_not_know_of_does_not_hide_ones_own_job(
    world: World, words: str
) -> None:
    chiara = world.member("chiara")
    mine = jobs.an_app_request(requester=CHIARA, owner=group("storefront"))
    private = jobs.an_app_request(visibility=Visibility.PRIVATE)
    later = jobs.NOW + timedelta(hours=1)
    await world.behind.jobs.create(jobs.a_job(id="mine", request=mine))
    await world.behind.jobs.create(jobs.a_job(id="theirs", request=private, created_at=later))

    await chiara.says(f"/idp {words}")

    assert "Hello shop" in await chiara.whisper()
    cancelled = {job.id for job in world.behind.jobs.jobs.values() if job.cancelled_by}
    assert cancelled == ({"mine"} if words.startswith("cancel") else set())
    assert world.behind.audit.entries == []


@pytest.mark.parametrize("words", ["jobs", "status", "status hello-shop", "new-app", "new-system"])
async def test_who_is_nobody_in_the_catalog_is_shown_nothing_and_told_why(
    world: World, words: str
) -> None:
    await world.behind.jobs.create(jobs.a_job())
    nobody = world.member("nobody")

    await nobody.says(f"/idp {words}")

    assert await nobody.whisper() == (
        "Your Slack account belongs to nobody in the catalog, so nothing was done. "
        "Ask the platform team to add you, with the e-mail address that Slack knows."
    )
    assert len(await nobody.whispers()) == 1
    assert await nobody.has_no_modal()
    refused = [(e.what, e.slack_id) for e in world.behind.audit.entries]
    assert refused == [("identify", "U0NOBODY")]


async def test_who_is_nobody_is_shown_no_form_by_a_button_either(world: World) -> None:
    nobody = world.member("nobody")
    await nobody.says("/idp help")
    await nobody.whisper()

    await nobody.presses((await nobody.whispers())[-1], "New system")

    await eventually(lambda: _whispered(nobody, "belongs to nobody in the catalog"))
    assert await nobody.has_no_modal()


async def test_a_form_does_not_wait_for_a_directory_in_trouble(world: World, ada: Member) -> None:
    trouble = TemporaryError("The catalog is asleep.")
    world.behind.directory.fail_next(trouble, call="whois")

    await ada.says("/idp new-system")

    assert (await ada.modal())["title"]["text"] == "New system"


class SilentDirectory:
    """Never answers."""

    async def whois(self, slack_id: str) -> Person | None:
        await asyncio.Event().wait()
        raise AssertionError(slack_id)

    async def slack_ids(self, group: EntityRef, *, at_most: int | None = None) -> tuple[str, ...]:
        raise AssertionError(group, at_most)


async def test_a_form_waits_for_no_directory_longer_than_slack_does() -> None:
    ports = dataclasses.replace(slack_world.fakes().ports, directory=SilentDirectory())

    async with asyncio.timeout(2.0):
        await people.check_in_time(ports, "U0ADA")


async def test_retry_and_cancel_work_as_commands_too(world: World, ada: Member) -> None:
    await world.behind.jobs.create(jobs.a_failed_job())
    await ada.says("/idp retry hello-shop")
    assert await ada.whisper() == "“Hello shop” goes on from the step that failed."

    await ada.says("/idp cancel")
    for _ in range(100):
        if "Say which" in await ada.whisper():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await ada.whisper())


async def test_home_has_the_two_buttons_and_ones_own_requests(world: World, ada: Member) -> None:
    await world.behind.jobs.create(jobs.a_done_job())

    await ada.does("home")

    shown = str((await ada.home())["blocks"])
    assert "New application" in shown
    assert "New system" in shown
    assert "Hello shop" in shown
    assert "Waiting for your decision" not in shown


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (PermanentError("The account fits two users.", "Annotate one."), "users. Annotate one."),
        (TemporaryError("The catalog is asleep."), "asleep. Open this tab again in a moment."),
    ],
)
async def test_home_says_why_it_cannot_be_drawn(
    world: World, ada: Member, trouble: PermanentError | TemporaryError, told: str
) -> None:
    world.behind.directory.fail_next(trouble, call="whois")

    await ada.does("home")

    assert told in str((await ada.home())["blocks"])


async def test_an_approver_can_decide_in_their_home(world: World, deniz: Member) -> None:
    await world.behind.jobs.create(jobs.a_waiting_for_approval())
    await deniz.does("home")
    assert "The repositories will be public." in str((await deniz.home())["blocks"])

    await deniz.presses(await deniz.home(), "Approve")

    assert "You approved “Hello shop”." in str((await deniz.modal())["blocks"])
    assert await decided(world) is Verdict.APPROVED
    for _ in range(200):
        if "Approve" not in str((await deniz.home())["blocks"]):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("Home still asks.")


async def test_a_form_opened_in_home_is_answered_in_a_direct_message(
    world: World, ada: Member
) -> None:
    await ada.does("home")
    await ada.presses(await ada.home(), "New application")
    await ada.fills_in(FILLED_IN)

    await ada.submits()

    assert [job.channel for job in stored(world)] == ["U0ADA"]


@pytest.mark.parametrize("command", ["/idp new-app", "/idp new-system system"])
async def test_nobody_fills_in_a_form_that_a_freeze_would_refuse(
    world: World, ada: Member, command: str
) -> None:
    freeze = Freeze(reason="The cluster is being moved.", by="deniz", since=jobs.NOW)
    await world.behind.jobs.freeze(freeze)

    await ada.says(command)

    assert "The cluster is being moved." in await ada.whisper()
    await eventually(lambda: _is_noted(world))
    [refused] = world.behind.audit.entries
    assert (refused.kind, refused.what, refused.slack_id) == ("refusal", "asked", "U0ADA")


async def _is_noted(world: World) -> bool:
    return bool(world.behind.audit.entries)


async def test_a_button_that_opens_a_form_tells_of_a_freeze_too(world: World, ada: Member) -> None:
    await ada.says("/idp help")
    asked = (await ada.whispers())[-1]
    freeze = Freeze(reason="The cluster is being moved.", by="deniz", since=jobs.NOW)
    await world.behind.jobs.freeze(freeze)

    await ada.presses(asked, "New system")

    await eventually(lambda: _whispered(ada, "The cluster is being moved."))
    await eventually(lambda: _is_noted(world))
    assert [entry.subject for entry in world.behind.audit.entries] == ["new-system"]


async def _whispered(member: Member, words: str) -> bool:
    return any(words in message["text"] for message in await member.whispers())
