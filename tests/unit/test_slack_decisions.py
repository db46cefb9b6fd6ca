"""The buttons on cards, and what those who press them are told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.approval import Verdict
from bot.domain.errors import TemporaryError
from bot.domain.job import JobState
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_stories import card_of, decided, stored
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


async def test_an_approver_approves_with_one_click_and_is_told(world: World, deniz: Member) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())

    await deniz.presses(card, "Approve")

    assert await deniz.whisper() == "You approved “Hello shop”."
    assert await decided(world) is Verdict.APPROVED


async def test_the_requester_is_told_that_somebody_else_has_to_decide(
    world: World, ada: Member
) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())

    await ada.presses(card, "Approve")

    assert "somebody else has to decide" in await ada.whisper()
    assert await decided(world) is None


async def test_a_second_click_is_told_who_was_faster(world: World, deniz: Member) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    await deniz.presses(card, "Approve")
    await deniz.whisper()

    await deniz.presses(card, "Approve")

    for _ in range(100):
        if "Deniz Kaya has approved this already." in await deniz.whisper():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await deniz.whisper())


async def test_a_denial_asks_for_a_reason_and_keeps_it(world: World, deniz: Member) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())

    await deniz.presses(card, "Deny")
    await deniz.fills_in({"reason": "Not before the audit."})
    await deniz.submits()

    decision = stored(world)[0].decision
    assert decision
    assert (decision.verdict, decision.reason) == (Verdict.DENIED, "Not before the audit.")
    assert "You denied “Hello shop”." in str((await deniz.modal())["blocks"])


async def test_a_denial_by_somebody_who_may_not_is_refused_in_the_form(
    world: World, ada: Member
) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())

    await ada.presses(card, "Deny")
    await ada.fills_in({"reason": "I changed my mind."})
    answer = await ada.submits()

    assert "somebody else has to decide" in answer["errors"]["reason"]
    assert await decided(world) is None


async def test_somebody_unknown_who_clicks_is_told_why_nothing_happens(world: World) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    nobody = world.member("nobody")

    await nobody.presses(card, "Approve")

    assert "belongs to nobody in the catalog" in await nobody.whisper()
    assert await decided(world) is None
    [refused] = world.behind.audit.entries
    assert (refused.kind, refused.who, refused.slack_id) == ("refusal", "", "U0NOBODY")


@pytest.mark.parametrize("button", ["Deny", "Approve with a note"])
async def test_somebody_unknown_is_shown_no_form_of_a_decision(world: World, button: str) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    nobody = world.member("nobody")

    await nobody.presses(card, button)

    assert "belongs to nobody in the catalog" in await nobody.whisper()
    assert await nobody.has_no_modal()


async def test_a_denial_does_not_wait_for_a_directory_in_trouble(
    world: World, deniz: Member
) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    world.behind.directory.fail_next(TemporaryError("The catalog is asleep."), call="whois")

    await deniz.presses(card, "Deny")

    assert await deniz.modal()


async def test_a_failed_job_goes_on_with_retry(world: World, ada: Member) -> None:
    card = await card_of(world, jobs.a_failed_job())

    await ada.presses(card, "Retry")

    assert await ada.whisper() == "“Hello shop” goes on from the step that failed."
    assert stored(world)[0].state is JobState.RUNNING


async def test_an_undo_says_first_what_would_go_and_in_which_order(
    world: World, ada: Member
) -> None:
    card = await card_of(world, jobs.a_failed_job())

    await ada.presses(card, "Undo")
    asked = str((await ada.modal())["blocks"])
    assert asked.index("Remove the application") < asked.index("Remove the deployment")
    assert "Application repository" in asked
    assert stored(world)[0].state is JobState.FAILED
    await ada.submits()

    undoing = stored(world)[0]
    assert (undoing.state, undoing.undo_by) == (JobState.UNDOING, "Ada Okafor")
    assert "is being taken back" in str(await ada.modal())


async def test_an_undo_by_somebody_who_may_not_is_refused_before_it_is_asked_for(
    world: World,
) -> None:
    card = await card_of(world, jobs.a_failed_job())
    chiara = world.member("chiara")

    await chiara.presses(card, "Undo")

    assert "Only Ada Okafor" in await chiara.whisper()
    assert await chiara.has_no_modal()
    [refused] = world.behind.audit.entries
    assert (refused.what, refused.slack_id) == ("undo", "U0CHIARA")


async def test_the_platform_team_is_asked_with_a_sentence_of_ones_own(
    world: World, ada: Member
) -> None:
    card = await card_of(world, jobs.a_failed_job())

    await ada.presses(card, "Ask the platform team")
    asked = str((await ada.modal())["blocks"])
    await ada.fills_in({"words": "It worked yesterday."})
    await ada.submits()

    assert "The platform team's members read what was asked for" in asked
    [help_asked] = stored(world)[0].help_asked
    assert (help_asked.by.slack_id, help_asked.words) == ("U0ADA", "It worked yesterday.")
    assert "is being told" in str(await ada.modal())
    assert world.behind.scheduler.nudges


async def test_nothing_need_be_said_to_the_platform_team(world: World, ada: Member) -> None:
    card = await card_of(world, jobs.a_failed_job())

    await ada.presses(card, "Ask the platform team")
    await ada.modal()
    await ada.submits()

    [help_asked] = stored(world)[0].help_asked
    assert help_asked.words == ""


async def test_an_old_card_tells_who_presses_that_the_platform_team_was_asked(
    world: World, ada: Member
) -> None:
    card = await card_of(world, jobs.a_failed_job())
    [job] = stored(world)
    asked = jobs.a_failed_job_with_help()
    changes = {"help_asked": asked.help_asked, "finished_at": asked.finished_at}
    world.behind.jobs.put(job.id, changes)

    await ada.presses(card, "Ask the platform team")

    assert "Ada Okafor has asked the platform team already" in await ada.whisper()
    assert await ada.has_no_modal()


async def test_the_platform_team_is_not_asked_by_somebody_whom_it_does_not_concern(
    world: World,
) -> None:
    card = await card_of(world, jobs.a_failed_job())
    chiara = world.member("chiara")

    await chiara.presses(card, "Ask the platform team")

    assert "Only Ada Okafor" in await chiara.whisper()
    assert await chiara.has_no_modal()
    [refused] = world.behind.audit.entries
    assert (refused.what, refused.slack_id) == ("help", "U0CHIARA")


async def test_a_running_job_is_stopped_with_cancel(world: World, ada: Member) -> None:
    card = await card_of(world, jobs.a_job())

    await ada.presses(card, "Cancel")

    assert "stops at the next safe point" in await ada.whisper()
    assert stored(world)[0].cancelled_by == "Ada Okafor"


async def test_where_a_lost_answer_hides_whether_a_press_was_taken_in_nobody_is_told_a_guess(
    world: World, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await card_of(world, jobs.a_job())

    async def lost(*_: object, **__: object) -> None:
        raise TemporaryError("Redis does not answer.")

    monkeypatch.setattr(world.behind.jobs, "cancel", lost)

    await ada.presses(card, "Cancel")

    told = await ada.whisper()
    assert told.startswith("Redis does not answer. So it is not known whether this was taken in")


async def test_a_failure_behind_a_button_is_told_in_plain_words(
    world: World, deniz: Member
) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    world.behind.directory.fail_next(TemporaryError("The catalog does not answer."))

    await deniz.presses(card, "Approve")

    assert await deniz.whisper() == (
        "The catalog does not answer. Nothing was changed; try again in a moment."
    )
