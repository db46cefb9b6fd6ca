"""What people read on the card, in every state of a job."""

from datetime import timedelta
from typing import Any

from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.domain.notices import Notice, NoticeKind
from bot.pipeline.facts import AppPlan, TakenBack
from bot.slack import messages, outcomes, undoing
from tests.unit import slack_jobs as jobs
from tests.unit.slack_reading import A_RUNNING_JOB, CARD, buttons, plan, said, task


def test_the_card_says_what_is_being_made_for_whom_and_where() -> None:
    card = said(messages.message(jobs.a_job(), CARD))

    assert "New application “Hello shop” for payments" in card
    assert "Says hello to customers." in card
    for field in (
        "*Owner*\npayments",
        "*System*\ncheckout",
        "*Template*\npython-fastapi",
        "*Visibility*\ninternal",
        "*Hostname*\nhello-shop",
        "<@U0ADA>",
    ):
        assert field in card


def test_a_planned_card_shows_the_address_as_people_open_it() -> None:
    plan = AppPlan.model_validate(jobs.app_steps()["plan_app"].fact)
    elsewhere = plan.model_copy(update={"url": "https://hello-shop.localhost:7306"})
    planned = {"plan_app": jobs.done(elsewhere)}

    assert "*Address*\nhttps://hello-shop.localhost:7306" in said(
        messages.message(jobs.a_job(steps=planned), CARD)
    )


def test_a_denial_stands_on_the_card_once_with_its_reason() -> None:
    card = said(messages.message(jobs.a_denied_job("Not before the audit."), CARD))

    assert card.count("Not before the audit.") == 1
    assert "*Denied* by <@U0DENIZ>" in card
    assert "Denied." in card.splitlines()


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
    assert buttons(card) == ["Approve", "Deny", "Approve with a note", "Cancel"]


def test_the_card_offers_to_break_the_glass_where_the_rule_allows_it() -> None:
    card = messages.message(jobs.a_waiting_for_approval(jobs.TERMS_WITH_GLASS), CARD)

    assert buttons(card) == ["Approve", "Deny", "Approve with a note", "Break glass", "Cancel"]


def test_a_broken_glass_stands_on_the_card_and_that_its_review_is_open_late_or_done() -> None:
    broken = jobs.a_job_with_broken_glass()
    late = broken.model_copy(update={"review_overdue_at": jobs.NOW + timedelta(days=2)})
    reviewed = late.model_copy(update={"review": jobs.a_review("It was right.")})

    cards = [messages.message(job, CARD) for job in (broken, late, reviewed)]

    for card in cards:
        assert "*Glass broken*, without approval, by <@U0ADA>" in said(card)
        assert "The shop is down." in said(card)
        assert "Glass broken by Ada Okafor" in str(task(card, "await_approval"))
    assert ["*Review open:* a member of platform" in said(card) for card in cards] == [1, 0, 0]
    assert ["*Review overdue* <!date^" in said(card) for card in cards] == [0, 1, 0]
    assert "*Reviewed* by <@U0DENIZ>" in said(cards[2])
    assert "It was right." in said(cards[2])
    assert [buttons(card) for card in cards] == [["Reviewed"], ["Reviewed"], []]


def test_notes_stand_on_the_card_and_can_neither_ping_nor_link() -> None:
    note = "Fine, <!channel> & <https://evil.example|look>"
    one = jobs.a_decision(reason=note)
    waiting = jobs.a_waiting_for_approval().model_copy(update={"decisions": (one,)})
    approved = waiting.model_copy(update={"decision": one})

    for job in (waiting, approved):
        shown = said(messages.message(job, CARD))
        assert "Fine, &lt;!channel&gt; &amp; &lt;https://evil.example|look&gt;" in shown
        assert "<!channel>" not in shown


def test_once_decided_the_card_says_by_whom_and_asks_no_more() -> None:
    job = jobs.a_waiting_for_approval().model_copy(update={"decision": jobs.a_decision()})

    card = messages.message(job, CARD)

    assert "*Approved* by <@U0DENIZ>" in said(card)
    assert buttons(card) == ["Cancel"]


def test_the_plan_counts_the_steps_again_as_soon_as_approval_is_given() -> None:
    approved = jobs.a_waiting_for_approval().model_copy(update={"decision": jobs.a_decision()})

    shown = messages.message(approved, CARD)

    assert plan(shown)["title"] == "1 of 9 steps done"
    assert "in progress" in shown.text


def test_a_running_job_can_be_cancelled_and_asks_whether_that_is_meant() -> None:
    card = messages.message(A_RUNNING_JOB, CARD)

    assert buttons(card) == ["Cancel"]
    actions = next(block for block in card.blocks if block["type"] == "actions")
    question = actions["elements"][0]["confirm"]
    assert question["title"]["text"] == "Cancel this request?"
    assert (question["confirm"]["text"], question["deny"]["text"]) == ("Stop it", "Keep it running")


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
    assert buttons(card) == ["Retry", "Undo", "Ask the platform team"]


def failed_with(**changes: Any) -> Job:
    """A job whose pipeline failed in this way."""
    failed = jobs.a_failed_job()
    record = failed.step("await_pipeline").evolve(**changes)
    return failed.model_copy(update={"steps": {**failed.steps, "await_pipeline": record}})


def test_a_failure_whose_cause_is_known_says_what_it_means_and_who_can_mend_it() -> None:
    job = failed_with(cause="pipeline-no-runner", fix="Start one.")

    card = said(messages.message(job, CARD))

    assert "*What it means:* No runner takes the job" in card
    assert "*What to do (the platform team):* Start one." in card


def test_a_wait_whose_cause_is_known_says_what_it_means_and_what_to_do() -> None:
    waiting = StepRecord(
        state=StepState.WAITING,
        waiting_since=jobs.NOW,
        reason="the name hello-shop.example.com to resolve",
        cause="dns-name-missing",
        fix="Add a record.",
    )
    card = messages.message(jobs.a_job(steps={"await_live_url": waiting}), CARD)

    shown = task(card, "await_live_url")["details"]["elements"][0]["elements"]
    told = [each.get("text", "") for each in shown]
    assert told[0] == "Waiting for the name hello-shop.example.com to resolve"
    assert told[-2].startswith(". There is no DNS record")
    assert told[-1] == " What to do (the platform team): Add a record."


def test_the_lines_of_a_log_are_left_to_the_thread() -> None:
    card = messages.message(failed_with(reason="The test job failed:\nE  assert 1 == 2"), CARD)

    assert "The test job failed; its last lines are in the thread." in said(card)
    assert "assert" not in said(card)


def test_once_the_platform_team_was_asked_the_card_says_by_whom_and_asks_no_more() -> None:
    card = messages.message(jobs.a_failed_job_with_help(), CARD)

    assert "*Platform team asked* by <@U0ADA>" in said(card)
    assert buttons(card) == ["Retry", "Undo"]


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


def test_a_press_still_names_the_same_block_after_the_card_was_redrawn() -> None:
    running = {"create_app_repository": StepRecord(state=StepState.RUNNING)}
    further = jobs.a_job(steps=running)
    asked = jobs.a_job()

    first, second = (
        [b["block_id"] for b in messages.message(job, CARD).blocks if b["type"] == "actions"]
        for job in (asked, further)
    )

    assert first == second == [f"job:{asked.id}"]


def test_a_card_that_is_being_undone_shows_the_way_back_after_the_steps() -> None:
    card = messages.message(jobs.an_undone_job(JobState.UNDOING), CARD)

    tasks = [each["task_id"] for each in plan(card)["tasks"]]
    assert tasks[-2:] == ["undo:create_app_repository", "undo:create_deployment_repository"]
    assert plan(card)["title"] == "Taking back what was made"
    assert task(card, "undo:create_app_repository")["status"] == "complete"
    assert task(card, "undo:create_deployment_repository")["status"] == "in_progress"
    assert buttons(card) == []


def test_what_was_in_a_repository_or_an_environment_is_no_link_any_more_once_that_is_gone() -> None:
    failed = jobs.a_job(state=JobState.FAILED, steps=jobs.app_steps())
    back = {
        name: jobs.done(TakenBack(remark="Gone."))
        for name in ("undo:create_app_repository", "undo:declare_environment")
    }
    undone = failed.model_copy(update={"steps": {**failed.steps, **back}})
    inside = ("Pipeline", "Argo CD application", "Live URL")

    before, after = ([made.label for made in outcomes.outcomes(job)] for job in (failed, undone))

    assert set(inside) <= set(before)
    assert after == ["Deployment repository", "Catalog entry"]
    card = messages.message(undone, CARD)
    for name in ("await_pipeline", "await_deployment", "await_live_url"):
        assert "link" not in str(task(card, name).get("output"))


def test_an_undone_card_says_what_became_of_everything_and_offers_nothing_more() -> None:
    card = messages.message(jobs.an_undone_job(), CARD)

    assert "Undone, as Ada Okafor asked." in said(card)
    before = messages.message(jobs.a_failed_job(), CARD)
    assert "Application repository" in str(task(before, "create_app_repository"))
    assert "Application repository" not in str(task(card, "create_app_repository"))
    assert "checkout-hello-shop is deleted" in str(task(card, "undo:create_app_repository"))
    assert buttons(card) == []


def test_a_failed_card_that_has_made_nothing_offers_to_free_the_names() -> None:
    record = StepRecord(state=StepState.FAILED, reason="Ada is nobody.", fix="Press Undo.")
    job = jobs.a_job(state=JobState.FAILED, steps={"plan_app": record})

    card = messages.message(job, CARD)
    asked = str(undoing.question(job))
    told = said(messages.message(job, Notice(kind=NoticeKind.FAILED, about="plan_app:")))

    assert "Undo" in buttons(card)
    assert "nothing goes" in asked
    assert "names become free" in asked
    assert "*Undo* frees its names." in told
