"""What happens when people type, fill in and click, over Slack's socket, with the fakes behind the bot."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from slack_bolt.async_app import AsyncBoltRequest

from bot.domain.approval import Verdict
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState
from bot.domain.notices import Notice, NoticeKind
from bot.ports.template_library import FormPage, Template
from bot.slack import app as slack_app
from bot.slack.announcer import SlackAnnouncer
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_world import Member, World

FILLED_IN = {
    "name": "Hello shop",
    "system": "system:default/checkout",
    "description": "Says hello to customers.",
    "hostname": "hello-shop",
    "owner": "group:default/payments",
}


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


def stored(world: World) -> list[Job]:
    return list(world.behind.jobs.jobs.values())


async def card_of(world: World, job: Job) -> dict[str, Any]:
    """A job's card as it hangs in the channel."""
    await world.behind.jobs.create(job)
    announcer = SlackAnnouncer(world.client, world.behind.directory)
    await announcer.post(job, Notice(kind=NoticeKind.CARD))
    return (await world.messages())[-1]


async def decided(world: World) -> Verdict | None:
    decision = stored(world)[0].decision
    return decision.verdict if decision else None


def a_template(template: str, /, **properties: Any) -> Template:
    page = FormPage(title="", schema_={"properties": properties})
    return Template(
        name=template,
        title=template,
        description="",
        pipeline="new-app",
        pages=(page,),
        skeletons={},
        digest="d1",
    )


def notes(view: dict[str, Any]) -> list[str]:
    return [b["text"]["text"] for b in view["blocks"] if b["type"] == "alert"]


async def note_of(member: Member, text: str) -> None:
    """Wait until the form remarks on this."""
    for _ in range(200):
        if any(text in note for note in notes(await member.modal())):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(notes(await member.modal()))


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


async def test_a_filled_in_form_becomes_a_job_in_the_channel_where_it_was_asked_for(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app", channel="C0PLATFORM")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert answer == {"ok": True, "error": "", "errors": {}}
    assert await ada.has_no_modal()
    (job,) = stored(world)
    assert job.channel == "C0PLATFORM"
    assert job.request == jobs.an_app_request(parameters=job.request.parameters)
    assert job.request.parameters["visibility"] == "internal"


async def test_a_new_system_is_asked_for_with_a_form_of_its_own(world: World, ada: Member) -> None:
    await ada.says("/idp new-system")
    await ada.fills_in(
        {"name": "Gift cards", "description": "Sells them.", "owner": "group:default/payments"}
    )

    await ada.submits()

    assert [job.request.kind for job in stored(world)] == ["new-system"]


async def test_submitting_twice_makes_one_job(world: World, ada: Member) -> None:
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)
    view = await ada.modal()

    twice = [ada.does("submit", view_id=view["id"], values=ada.typed) for _ in range(2)]
    await asyncio.gather(*twice)

    assert len(stored(world)) == 1


async def test_problems_stand_under_the_fields_at_fault_and_the_form_stays_open(
    world: World, ada: Member
) -> None:
    world.behind.git.add_project("idp/payments/checkout-hello-shop")
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert list(answer["errors"]) == ["name"]
    assert "idp/payments/checkout-hello-shop" in answer["errors"]["name"]
    assert not await ada.has_no_modal()
    assert stored(world) == []


async def test_a_system_that_cannot_be_asked_is_named_and_nothing_is_made(
    world: World, ada: Member
) -> None:
    world.behind.git.fail_next(TemporaryError("GitLab does not answer."))
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert answer["errors"]["name"].startswith("GitLab does not answer. Nothing was made")
    assert stored(world) == []


async def test_checks_that_take_too_long_are_answered_before_slack_gives_up(
    world: World, ada: Member
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    world.behind.catalog.find = never  # type: ignore[method-assign] # a catalog that hangs
    await ada.says("/idp new-app")
    await ada.fills_in(FILLED_IN)

    answer = await ada.submits()

    assert "took too long" in answer["errors"]["name"]
    assert stored(world) == []


async def test_somebody_unknown_to_the_catalog_is_told_so_in_the_form(world: World) -> None:
    nobody = world.member("nobody")
    await nobody.says("/idp new-app")
    view = await nobody.modal()
    typed = {name: {"field.text": "Hello"} for name in ("name", "description", "hostname")}
    state = slack_state(view, typed)

    answer = await submitted(world, nobody, view, state)

    assert "belongs to nobody in the catalog" in answer["errors"]["name"]
    assert stored(world) == []


async def test_systems_are_searched_with_those_of_ones_own_team_first(ada: Member) -> None:
    await ada.says("/idp new-app")

    offered = await ada.searches("system")

    assert [option["text"]["text"] for option in offered] == ["Checkout", "Billing"]
    assert [option["value"] for option in await ada.searches("system", "bill")] == [
        "system:default/billing"
    ]


async def test_a_search_in_a_catalog_that_fails_offers_nothing_and_in_time(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app")
    world.behind.catalog.fail_next(TemporaryError("The catalog does not answer."))

    assert await ada.searches("system") == []


async def test_the_form_says_before_it_is_submitted_that_approval_will_be_needed(
    ada: Member,
) -> None:
    await ada.says("/idp new-app")

    await ada.changes("owner", "group:default/platform")
    await note_of(ada, "Will need an approval from platform. Ada Okafor is not a member")

    await ada.changes("visibility", "public")
    await note_of(ada, "The repositories will be public.")


async def test_choosing_another_template_draws_its_form_and_keeps_what_was_typed(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("go-http", name={}, port={"type": "integer"}), {})
    await ada.says("/idp new-app")
    await ada.fills_in({"name": "Hello"})

    await ada.changes("idp:template", "python-fastapi")

    await _field_gone(ada, "port")
    assert "hostname" in _fields(await ada.modal())


async def test_a_template_can_be_named_in_the_command(world: World, ada: Member) -> None:
    world.behind.templates.add(a_template("go-http", port={"type": "integer"}), {})

    await ada.says("/idp new-app python-fastapi")
    assert "hostname" in _fields(await ada.modal())

    await ada.says("/idp new-app go-htp")
    assert "Did you mean “/idp new-app go-http”?" in await ada.whisper()


async def test_a_form_sent_while_another_template_is_being_drawn_is_drawn_instead(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("go-http", port={"type": "integer"}), {})
    await ada.says("/idp new-app go-http")
    await ada.fills_in({"idp:template": "python-fastapi"})

    await ada.submits()

    assert stored(world) == []
    assert "hostname" in _fields(await ada.modal())


async def test_a_template_that_slack_cannot_show_has_no_submit_button(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("odd", secret={"ui:field": "Secret"}), {})

    await ada.says("/idp new-app odd")

    view = await ada.modal()
    assert not view.get("submit")
    assert "Open this template in Backstage" in str(view["blocks"])


async def test_a_broken_template_is_named_to_whoever_wanted_it(world: World, ada: Member) -> None:
    error = PermanentError("templates/odd/template.yaml is no YAML.", "Mend the file.")
    world.behind.templates.fail_next(error, call="list_templates")

    await ada.says("/idp new-app")

    assert await ada.whisper() == "templates/odd/template.yaml is no YAML. Mend the file."


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


async def test_a_failed_job_goes_on_with_retry(world: World, ada: Member) -> None:
    card = await card_of(world, jobs.a_failed_job())

    await ada.presses(card, "Retry")

    assert await ada.whisper() == "“Hello shop” goes on from the step that failed."
    assert stored(world)[0].state is JobState.RUNNING


async def test_a_running_job_is_stopped_with_cancel(world: World, ada: Member) -> None:
    card = await card_of(world, jobs.a_job())

    await ada.presses(card, "Cancel")

    assert "stops at the next safe point" in await ada.whisper()
    assert stored(world)[0].cancelled_by == "Ada Okafor"


async def test_a_failure_behind_a_button_is_told_in_plain_words(
    world: World, deniz: Member
) -> None:
    card = await card_of(world, jobs.a_waiting_for_approval())
    world.behind.directory.fail_next(TemporaryError("The catalog does not answer."))

    await deniz.presses(card, "Approve")

    assert await deniz.whisper() == (
        "The catalog does not answer. Nothing was changed; try again in a moment."
    )


async def test_status_shows_the_card_of_a_job_or_an_application(world: World, ada: Member) -> None:
    await world.behind.jobs.create(jobs.a_done_job())

    await ada.says("/idp status hello-shop")

    assert await ada.whisper() == "New application “Hello shop” for payments: done"
    assert "plan" in [b["type"] for b in (await ada.whispers())[-1]["blocks"]]


async def test_status_of_something_unknown_says_where_to_look(ada: Member) -> None:
    await ada.says("/idp status <nothing>")
    assert "There is no job or application “&lt;nothing&gt;”" in await ada.whisper()


async def test_jobs_lists_ones_own_before_the_others(world: World, ada: Member) -> None:
    by_deniz = jobs.an_app_request(name="Other", slug="other", requester=jobs.DENIZ)
    later = jobs.NOW + timedelta(hours=1)
    await world.behind.jobs.create(jobs.a_job(id="b", request=by_deniz, created_at=later))
    await world.behind.jobs.create(jobs.a_done_job())

    await ada.says("/idp jobs")

    await ada.whisper()
    shown = [b["text"]["text"] for b in (await ada.whispers())[-1]["blocks"]]
    assert ["Hello shop" in shown[0], "Other" in shown[1]] == [True, True]


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


def _fields(view: dict[str, Any]) -> list[str]:
    return [b["block_id"] for b in view["blocks"] if b["type"] == "input"]


async def _field_gone(member: Member, name: str) -> None:
    for _ in range(200):
        if name not in _fields(await member.modal()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(_fields(await member.modal()))


def slack_state(view: dict[str, Any], typed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The state that Slack would send for a form in which only text was typed."""
    return {
        block["block_id"]: {
            block["element"]["action_id"]: {
                "type": block["element"]["type"],
                "value": next(iter(typed.get(block["block_id"], {}).values()), None),
            }
        }
        for block in view["blocks"]
        if block["type"] == "input"
    }


SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def signed(payload: dict[str, Any], *, secret: str = SECRET, at: float | None = None) -> Any:
    """A request as Slack signs it."""
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(at or time.time()))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers: dict[str, str | Sequence[str]] = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }
    return AsyncBoltRequest(body=body, headers=headers)


async def submitted(
    world: World, member: Member, view: dict[str, Any], state: dict[str, Any], **how: Any
) -> dict[str, Any]:
    """Bolt's answer to a submission over HTTP."""
    bolt = slack_app.build(
        ports=world.behind.ports, client=world.client, signing_secret=SecretStr(SECRET)
    )
    payload = {
        "type": "view_submission",
        "team": {"id": "T0DEMO"},
        "user": {"id": member.id},
        "view": {**view, "state": {"values": state}},
    }
    answer = await bolt.async_dispatch(signed(payload, **how))
    return {"status": answer.status, **(json.loads(answer.body) if answer.status == 200 else {})}


async def test_a_signed_request_over_http_is_answered_like_one_over_the_socket(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app")
    view = await ada.modal()

    answer = await submitted(world, ada, view, slack_state(view, {"name": {"": "1st"}}))

    assert answer["status"] == 200
    assert answer["response_action"] == "errors"
    assert "name" in answer["errors"]


@pytest.mark.parametrize("how", [{"secret": "wrong"}, {"at": time.time() - 400}], ids=str)
async def test_a_request_with_a_wrong_or_old_signature_is_refused(
    world: World, ada: Member, how: dict[str, Any]
) -> None:
    await ada.says("/idp new-app")
    view = await ada.modal()

    answer = await submitted(world, ada, view, slack_state(view, {}), **how)

    assert answer["status"] == 401
    assert stored(world) == []
