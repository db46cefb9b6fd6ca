"""Every message is one that Slack accepts, whatever people typed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.domain.notices import DIRECT, Notice, NoticeKind
from bot.sandbox.slack import blockkit
from bot.slack import guide, home, messages, reasons
from bot.slack.messages import Message
from tests.unit import slack_jobs as jobs
from tests.unit.slack_reading import (
    A_RUNNING_JOB,
    A_SYSTEM_JOB,
    CANCELLED,
    CARD,
    DECIDED,
    DONE,
    FAILED,
    HELP_ASKED,
    HELP_WANTED,
    WANTED,
    assert_slack_takes,
    hostile_text,
)

QUESTION = Notice(kind=NoticeKind.QUESTION, about="U0DENIZ")
A_BROKEN_GLASS = jobs.a_job_with_broken_glass()
ABOUT_GLASS = (
    NoticeKind.CARD,
    NoticeKind.GLASS_BROKEN,
    NoticeKind.REVIEW_OVERDUE,
    NoticeKind.REVIEWED,
)


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
        (jobs.a_failed_job_with_help(), CARD),
        (jobs.a_failed_job_with_help(), HELP_WANTED),
        (jobs.a_failed_job_with_help(), HELP_ASKED),
        (jobs.a_denied_job(), CARD),
        (jobs.a_denied_job(), DECIDED),
        (jobs.a_denied_job(), CANCELLED),
        (jobs.an_undone_job(), CARD),
        (jobs.an_undone_job(), Notice(kind=NoticeKind.UNDONE)),
        (jobs.an_undone_job(JobState.UNDOING), CARD),
        (A_SYSTEM_JOB, CARD),
        (A_SYSTEM_JOB, DONE),
        *((A_BROKEN_GLASS, Notice(kind=kind)) for kind in ABOUT_GLASS),
    ],
    ids=lambda value: getattr(value, "key", None) or str(getattr(value, "state", "")),
)
def test_slack_accepts_every_message(job: Job, notice: Notice) -> None:
    assert_slack_takes(messages.message(job, notice))


@pytest.mark.parametrize("kind", sorted(DIRECT))
@pytest.mark.parametrize("may_act", [True, False])
@settings(max_examples=15, deadline=None)
@given(words=hostile_text)
def test_slack_accepts_every_direct_message_whatever_was_said(
    *, kind: NoticeKind, may_act: bool, words: str
) -> None:
    request = jobs.an_app_request(name=words[:80], description=words)
    waiting = jobs.a_waiting_for_approval(jobs.TERMS_WITH_GLASS)
    agreed = (jobs.a_decision(reason=words),)
    broken = jobs.a_job_with_broken_glass(words)
    told = Notice(kind=kind, about="U0DENIZ")

    for job in (
        waiting.model_copy(update={"request": request, "decisions": agreed}),
        jobs.a_denied_job(words),
        broken,
        broken.model_copy(update={"review": jobs.a_review(words)}),
    ):
        assert_slack_takes(messages.message(job, told, may_act=may_act))


@settings(max_examples=30, deadline=None)
@given(words=hostile_text)
def test_slack_accepts_the_modals_that_ask_for_words(words: str) -> None:
    request = jobs.an_app_request(name=words[:80])
    waiting = jobs.a_waiting_for_approval(jobs.TERMS_WITH_GLASS)
    asked = waiting.model_copy(update={"request": request})

    for view in (
        reasons.denial("k3v9x2ab"),
        reasons.approval("k3v9x2ab"),
        reasons.breaking_glass("k3v9x2ab", asked),
        reasons.review("k3v9x2ab", jobs.a_job_with_broken_glass(words)),
    ):
        blockkit.check_view(view.to_dict(), kind="modal")


@settings(max_examples=60, deadline=None)
@given(name=hostile_text, description=hostile_text, reason=hostile_text)
def test_slack_accepts_whatever_people_and_systems_say(
    name: str, description: str, reason: str
) -> None:
    request = jobs.an_app_request(name=name[:80], description=description)
    job = jobs.a_failed_job(reason=reason, fix=reason).model_copy(update={"request": request})

    assert_slack_takes(messages.message(job, CARD))
    assert_slack_takes(messages.message(job, FAILED))
    asked = jobs.a_failed_job_with_help(words=reason)
    changes = {"help_asked": asked.help_asked, "finished_at": asked.finished_at}
    assert_slack_takes(messages.message(job.model_copy(update=changes), HELP_WANTED))


def test_a_card_full_of_the_longest_text_is_still_short_enough_for_slack() -> None:
    waiting = StepRecord(
        state=StepState.WAITING,
        attempts=1,
        waiting_since=jobs.NOW,
        look_at=jobs.NOW,
        reason="“" * 2000,
        cause="certificate-not-trusted",
        fix="“" * 2000,
    )
    steps = dict.fromkeys(jobs.app_steps(), waiting)
    request = jobs.an_app_request(name="“" * 80, description="“" * 300)

    card = messages.message(jobs.a_job(request=request, steps=steps), CARD)

    assert len(json.dumps(card.blocks)) <= 13_200


def test_what_people_typed_pings_nobody_and_links_nowhere() -> None:
    hostile = "<!channel> <@U0BRUNO> <https://evil.example|here>"
    request = jobs.an_app_request(name=hostile, description=hostile)

    waiting = jobs.a_waiting_for_approval().model_copy(update={"request": request})
    card, question = messages.message(waiting, CARD), messages.message(waiting, QUESTION)

    mrkdwn = _mrkdwn_of([*card.blocks, *question.blocks])
    assert any("&lt;!channel&gt;" in text for text in mrkdwn)
    assert not any("<!channel>" in t or "<@U0BRUNO>" in t or "<http" in t for t in mrkdwn)
    assert "<!channel>" not in card.text


def test_a_description_is_shown_as_it_was_typed() -> None:
    typed = "*All* prices, `now` & _here_ <3"
    request = jobs.an_app_request(description=typed)
    waiting = jobs.a_waiting_for_approval().model_copy(update={"request": request})

    for message in (messages.message(waiting, CARD), messages.message(waiting, QUESTION)):
        assert typed in [t["text"] for t in _objects(list(message.blocks), "plain_text")]


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


@given(text=hostile_text)
@settings(max_examples=30, deadline=None)
def test_slack_accepts_home_and_lists_whatever_people_typed(text: str) -> None:
    request = jobs.an_app_request(name=text[:80], description=text)
    job = jobs.a_waiting_for_approval().model_copy(update={"request": request})
    broken = jobs.a_job_with_broken_glass(text, messages={"question:U0DENIZ": None})
    many = [
        each.model_copy(update={"id": f"job{number:03}{each.state}"})
        for number in range(30)
        for each in (job, broken)
    ]
    listed, blocks = guide.job_list(many[:30], asked_by="U0ADA")
    asked, wrong = guide.unknown_word(text, among=["help"], told="/idp {}")

    for person in (jobs.ADA, jobs.DENIZ, None):
        blockkit.check_view(home.home(many, person).to_dict(), kind="home")
    for said_text, drawn in ((listed, blocks), (asked, wrong)):
        assert_slack_takes(Message(said_text, tuple(block.to_dict() for block in drawn)))
