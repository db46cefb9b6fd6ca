"""What people read about a job, and that Slack accepts it whatever they typed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.approval import Verdict
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.domain.notices import Notice, NoticeKind
from bot.sandbox.slack import blockkit
from bot.slack import guide, home, messages
from bot.slack.messages import Message
from tests.unit import slack_jobs as jobs

CARD = Notice(kind=NoticeKind.CARD)
WANTED = Notice(kind=NoticeKind.APPROVAL_WANTED)
DECIDED = Notice(kind=NoticeKind.DECIDED)
FAILED = Notice(kind=NoticeKind.FAILED, about="await_pipeline:2")
CANCELLED = Notice(kind=NoticeKind.CANCELLED)
DONE = Notice(kind=NoticeKind.DONE)

A_RUNNING_JOB = jobs.a_job()
A_SYSTEM_JOB = jobs.a_job(
    request=jobs.a_system_request(), state=JobState.DONE, steps=jobs.system_steps()
)

hostile_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.sampled_from(
        [
            "<!channel> <@U0ADA> <https://evil.example|click>",
            "&" * 300,
            "<" * 300,
            "*bold* _it_ ~no~ `code` ```",
            "\u202egnissecorp",
            "\x00\x07\x1b[31m",
            "\U0001f600" * 150,
            "“" * 300,
            " " * 300,
            '"}],"blocks":[{"type":"divider"}]',
        ]
    ),
)


def said(message: Message) -> str:
    """All that people read of a message, in one string."""
    return "\n".join(_texts(list(message.blocks)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        titles = [value["title"]] if isinstance(value.get("title"), str) else []
        return titles + own + [t for inner in value.values() for t in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


def buttons(message: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def plan(message: Message) -> dict[str, Any]:
    return next(block for block in message.blocks if block["type"] == "plan")


def task(message: Message, name: str) -> dict[str, Any]:
    return next(task for task in plan(message)["tasks"] if task["task_id"] == name)


def assert_slack_takes(message: Message) -> None:
    blockkit.check_message({"text": message.text, "blocks": json.loads(json.dumps(message.blocks))})


@pytest.mark.parametrize(
    ("job", "notice"),
    [
        (A_RUNNING_JOB, CARD),
        (jobs.a_waiting_for_approval(), CARD),
        (jobs.a_waiting_for_approval(), WANTED),
        (jobs.a_done_job(), CARD),
        (jobs.a_done_job(), DECIDED),
        (jobs.a_done_job(), DONE),
        (jobs.a_failed_job(), CARD),
        (jobs.a_failed_job(), FAILED),
        (jobs.a_denied_job(), CARD),
        (jobs.a_denied_job(), DECIDED),
        (jobs.a_denied_job(), CANCELLED),
        (A_SYSTEM_JOB, CARD),
        (A_SYSTEM_JOB, DONE),
    ],
    ids=lambda value: getattr(value, "key", None) or str(getattr(value, "state", "")),
)
def test_slack_accepts_every_message(job: Job, notice: Notice) -> None:
    assert_slack_takes(messages.message(job, notice, approvers=("U0DENIZ", "U0ELIF")))


def test_slack_accepts_the_question_to_an_approver_who_cannot_see_the_card() -> None:
    assert_slack_takes(messages.direct_question(jobs.a_waiting_for_approval()))


@settings(max_examples=60, deadline=None)
@given(name=hostile_text, description=hostile_text, reason=hostile_text)
def test_slack_accepts_whatever_people_and_systems_say(
    name: str, description: str, reason: str
) -> None:
    request = jobs.an_app_request(name=name[:80], description=description)
    job = jobs.a_failed_job(reason=reason, fix=reason).model_copy(update={"request": request})

    assert_slack_takes(messages.message(job, CARD))
    assert_slack_takes(messages.message(job, FAILED))


def test_a_card_full_of_the_longest_text_is_still_short_enough_for_slack() -> None:
    waiting = StepRecord(
        state=StepState.WAITING,
        attempts=1,
        waiting_since=jobs.NOW,
        look_at=jobs.NOW,
        reason="“" * 2000,
    )
    steps = dict.fromkeys(jobs.app_steps(), waiting)
    request = jobs.an_app_request(name="“" * 80, description="“" * 300)

    card = messages.message(jobs.a_job(request=request, steps=steps), CARD)

    assert len(json.dumps(card.blocks)) <= 13_200


def test_what_people_typed_pings_nobody_and_links_nowhere() -> None:
    hostile = "<!channel> <@U0BRUNO> <https://evil.example|here>"
    request = jobs.an_app_request(name=hostile, description=hostile)

    card = messages.message(jobs.a_job(request=request), CARD)

    mrkdwn = [text for text in _mrkdwn_of(list(card.blocks)) if "evil" in text]
    assert mrkdwn
    assert not any("<!channel>" in t or "<@U0BRUNO>" in t or "<http" in t for t in mrkdwn)
    assert "<!channel>" not in card.text


def test_slack_links_nothing_by_itself_in_what_people_typed() -> None:
    card = messages.message(jobs.a_job(), CARD)

    assert all(value["verbatim"] for value in _objects(list(card.blocks), "mrkdwn"))


def _mrkdwn_of(value: Any) -> list[str]:
    return [found["text"] for found in _objects(value, "mrkdwn")]


def _objects(value: Any, kind: str) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if value.get("type") == kind else []
        return own + [found for inner in value.values() for found in _objects(inner, kind)]
    if isinstance(value, list):
        return [found for inner in value for found in _objects(inner, kind)]
    return []


def test_the_card_says_what_is_being_made_for_whom_and_where() -> None:
    card = said(messages.message(jobs.a_job(), CARD))

    assert "New application “Hello shop” for payments" in card
    assert "Says hello to customers." in card
    for field in (
        "*Owner*\npayments",
        "*System*\ncheckout",
        "*Template*\npython-fastapi",
        "*Visibility*\ninternal",
        "*Host*\nhello-shop",
        "<@U0ADA>",
    ):
        assert field in card


def test_the_plan_has_a_task_for_every_step_in_order() -> None:
    card = messages.message(jobs.a_job(), CARD)

    assert [task["task_id"] for task in plan(card)["tasks"]] == list(jobs.app_steps())
    assert {task["status"] for task in plan(card)["tasks"]} == {"pending"}


def test_a_step_that_waits_says_for_what_and_since_when() -> None:
    waiting = StepRecord(
        state=StepState.WAITING,
        waiting_since=jobs.NOW,
        look_at=jobs.NOW + timedelta(seconds=9),
        reason="the pipeline's job “test”",
    )
    card = messages.message(jobs.a_job(steps={"await_pipeline": waiting}), CARD)

    shown = task(card, "await_pipeline")
    elements = shown["details"]["elements"][0]["elements"]
    assert shown["status"] == "in_progress"
    assert elements[0]["text"] == "Waiting for the pipeline's job “test”"
    assert elements[-1]["timestamp"] == int(jobs.NOW.timestamp())


def test_a_step_that_is_tried_again_says_which_attempt_failed_and_when_the_next_is() -> None:
    look_at = jobs.NOW + timedelta(seconds=30)
    retrying = StepRecord(
        state=StepState.RETRYING, attempts=3, look_at=look_at, reason="GitLab answered 502."
    )
    card = messages.message(jobs.a_job(steps={"create_app_repository": retrying}), CARD)

    elements = task(card, "create_app_repository")["details"]["elements"][0]["elements"]
    assert "GitLab answered 502." in elements[0]["text"]
    assert "Attempt 3" in elements[0]["text"]
    assert elements[-1]["timestamp"] == int(look_at.timestamp())


def test_a_link_stands_at_its_step_as_soon_as_it_is_true() -> None:
    steps = jobs.only(jobs.app_steps(), "plan_app", "await_approval", "create_app_repository")
    card = messages.message(jobs.a_job(steps=steps), CARD)

    link = task(card, "create_app_repository")["output"]["elements"][0]["elements"][0]
    assert link["url"] == "https://gitlab.example.com/idp/payments/checkout-hello-shop"
    assert "output" not in task(card, "await_pipeline")


def test_a_step_that_is_done_says_how_long_it_took() -> None:
    card = messages.message(jobs.a_done_job(), CARD)

    shown = task(card, "create_app_repository")["output"]["elements"][0]["elements"]
    assert shown[-1]["text"] == " · 4 s"


def test_approval_that_nobody_had_to_give_is_shown_as_not_needed() -> None:
    card = messages.message(jobs.a_job(steps=jobs.app_steps()), CARD)
    assert "Not needed" in str(task(card, "await_approval"))

    card = messages.message(jobs.a_done_job(), CARD)
    assert "By Deniz Kaya" in str(task(card, "await_approval"))


def test_what_has_no_page_is_named_without_a_link() -> None:
    deployment = jobs.app_steps()["await_deployment"]
    assert isinstance(deployment.fact, dict)
    steps = {"await_deployment": deployment.evolve(fact={**deployment.fact, "web_url": ""})}

    card = messages.message(jobs.a_job(steps=steps), CARD)

    named = task(card, "await_deployment")["output"]["elements"][0]["elements"][0]
    assert named == {"type": "text", "text": "Argo CD application"}


def test_while_approval_is_wanted_the_card_says_why_from_whom_and_until_when() -> None:
    card = messages.message(jobs.a_waiting_for_approval(), CARD)

    assert "The repositories will be public." in said(card)
    assert "from a member of platform" in said(card)
    assert f"<!date^{int(jobs.TERMS.expires_at.timestamp())}^" in said(card)
    assert buttons(card) == ["Approve", "Deny", "Cancel"]


def test_once_decided_the_card_says_by_whom_and_asks_no_more() -> None:
    job = jobs.a_waiting_for_approval().model_copy(update={"decision": jobs.a_decision()})

    card = messages.message(job, CARD)

    assert "*Approved* by <@U0DENIZ>" in said(card)
    assert buttons(card) == ["Cancel"]


def test_a_running_job_can_be_cancelled_and_asks_whether_that_is_meant() -> None:
    card = messages.message(A_RUNNING_JOB, CARD)

    assert buttons(card) == ["Cancel"]
    actions = next(block for block in card.blocks if block["type"] == "actions")
    assert actions["elements"][0]["confirm"]["title"]["text"] == "Cancel this request?"


def test_a_job_that_is_being_cancelled_says_so_and_offers_nothing_more() -> None:
    job = jobs.a_waiting_for_approval().model_copy(update={"cancelled_by": "Ada Okafor"})

    card = messages.message(job, CARD)

    assert plan(card)["title"] == "Stopping, as Ada Okafor asked"
    assert buttons(card) == []


def test_a_failed_job_says_which_step_why_and_what_to_do_and_can_be_retried() -> None:
    card = messages.message(jobs.a_failed_job(), CARD)

    assert "failed: The pipeline failed." in said(card)
    assert "*What to do:* Look at the job's log." in said(card)
    assert task(card, "await_pipeline")["status"] == "error"
    assert buttons(card) == ["Retry"]


def test_a_done_job_has_every_link_and_no_button() -> None:
    card = messages.message(jobs.a_done_job(), CARD)

    assert "<https://hello-shop.example.com|Live URL>" in said(card)
    assert plan(card)["title"] == "Done in 3 min 5 s"
    assert buttons(card) == []


def test_a_job_that_ended_shows_no_step_as_if_it_were_still_going_on() -> None:
    running = StepRecord(state=StepState.RUNNING, attempts=1)
    job = jobs.a_job(
        state=JobState.CANCELLED,
        ending="Cancelled by Ada Okafor.",
        steps={"await_pipeline": running},
    )

    card = messages.message(job, CARD)

    assert task(card, "await_pipeline")["status"] == "pending"
    assert "Cancelled by Ada Okafor." in said(card)


def test_those_who_may_approve_are_mentioned() -> None:
    reply = messages.message(jobs.a_waiting_for_approval(), WANTED, approvers=("U0DENIZ", "U0ELIF"))

    assert "<@U0DENIZ> <@U0ELIF>" in said(reply)
    assert "The repositories will be public." in said(reply)


@given(text=hostile_text)
@settings(max_examples=30, deadline=None)
def test_slack_accepts_home_and_lists_whatever_people_typed(text: str) -> None:
    request = jobs.an_app_request(name=text[:80], description=text)
    job = jobs.a_waiting_for_approval().model_copy(update={"request": request})
    listed, blocks = guide.job_list([job] * 30, asked_by="U0ADA")
    asked, wrong = guide.unknown_word(text, among=["help"], told="/idp {}")

    for person in (jobs.ADA, jobs.DENIZ, None):
        blockkit.check_view(home.home([job] * 60, person).to_dict(), kind="home")
    for said_text, drawn in ((listed, blocks), (asked, wrong)):
        assert_slack_takes(Message(said_text, tuple(block.to_dict() for block in drawn)))


def test_where_slack_knows_no_approver_their_group_is_named() -> None:
    reply = messages.message(jobs.a_waiting_for_approval(), WANTED)

    assert "Members of platform" in said(reply)


def test_a_denial_comes_with_its_reason() -> None:
    reply = messages.message(jobs.a_denied_job("Not before the audit."), DECIDED)

    assert "<@U0DENIZ> denied this. Reason: Not before the audit." in said(reply)


def test_an_approval_says_that_it_goes_on() -> None:
    job = jobs.a_job(decision=jobs.a_decision(Verdict.APPROVED))

    assert "<@U0DENIZ> approved this. It goes on now." in said(messages.message(job, DECIDED))


def test_a_failure_tells_the_requester_what_exists_so_far() -> None:
    reply = said(messages.message(jobs.a_failed_job(), FAILED))

    assert "<@U0ADA>" in reply
    assert "The pipeline failed." in reply
    assert "|Application repository>" in reply
    assert "Live URL" not in reply


def test_a_cancelled_job_says_that_nothing_was_made_when_nothing_was() -> None:
    reply = said(messages.message(jobs.a_denied_job(), CANCELLED))

    assert "Nothing was made." in reply


def test_done_comes_with_all_links_the_total_time_and_the_part_that_was_waiting_for_people() -> (
    None
):
    reply = said(messages.message(jobs.a_done_job(), DONE))

    assert "It took 3 min 5 s, 2 min 0 s of it for the approval." in reply
    for label in (
        "Live URL",
        "Application repository",
        "Deployment repository",
        "Pipeline",
        "Argo CD application",
        "Catalog entry",
    ):
        assert f"• {label}: <https://" in reply


def test_a_new_system_ends_with_the_link_to_its_catalog_entry() -> None:
    reply = said(messages.message(A_SYSTEM_JOB, DONE))

    assert "Catalog entry: <https://backstage.example.com/catalog/2|" in reply
