"""What people read in the thread."""

import re

from bot.domain.approval import Verdict
from bot.domain.job import MessageRef
from bot.domain.notices import Notice, NoticeKind
from bot.slack import messages
from tests.unit import slack_jobs as jobs
from tests.unit.slack_reading import (
    A_SYSTEM_JOB,
    CANCELLED,
    DECIDED,
    DONE,
    FAILED,
    HELP_ASKED,
    HELP_WANTED,
    WANTED,
    said,
)


def test_the_groups_that_may_approve_are_named_and_nobody_is_pinged_twice() -> None:
    reply = said(messages.message(jobs.a_waiting_for_approval(), WANTED))

    assert "Members of platform" in reply
    assert "The repositories will be public." in reply
    assert "<@" not in reply


def test_a_denial_comes_with_its_reason() -> None:
    reply = messages.message(jobs.a_denied_job("Not before the audit."), DECIDED)

    assert "<@U0DENIZ> denied this. Reason: Not before the audit." in said(reply)


def test_an_approval_says_that_it_goes_on() -> None:
    job = jobs.a_job(decision=jobs.a_decision(Verdict.APPROVED))

    assert "<@U0DENIZ> approved this. It goes on now." in said(messages.message(job, DECIDED))


def test_a_note_to_an_approval_is_in_the_reply() -> None:
    note = jobs.a_decision(reason="Mind the costs.")
    approved = jobs.a_job(decisions=(note,), decision=note)
    agreed = jobs.a_job(decisions=(note,))

    assert "*Note:* Mind the costs." in said(messages.message(approved, DECIDED))
    one = Notice(kind=NoticeKind.AGREED, about="1")
    assert "*Note:* Mind the costs." in said(messages.message(agreed, one))


def test_a_broken_glass_tells_by_whom_for_whom_why_and_who_is_to_review_it() -> None:
    broken = jobs.a_job_with_broken_glass("Down & <out>.")
    requested = jobs.an_app_request(requester=jobs.CHIARA)
    of_another = broken.model_copy(update={"request": requested})
    notice = Notice(kind=NoticeKind.GLASS_BROKEN)

    own, others = (said(messages.message(job, notice)) for job in (broken, of_another))

    assert "<@U0ADA> broke the glass for their own request" in own
    assert "<@U0ADA> broke the glass for the request of <@U0CHIARA>" in others
    assert "*Reason:* Down &amp; &lt;out&gt;." in own
    assert "Another member of platform, not the requester, is to review it <!date^" in own


def test_a_failure_tells_the_requester_what_exists_so_far() -> None:
    reply = said(messages.message(jobs.a_failed_job(), FAILED))

    assert "<@U0ADA>" in reply
    assert "The pipeline failed." in reply
    assert "|Application repository>" in reply
    assert "Live URL" not in reply


def test_a_failure_shows_the_end_of_a_log_as_it_stands_and_nothing_breaks_out_of_it() -> None:
    failed = jobs.a_failed_job()
    log = "\n".join(["x" * 200] * 20 + ["```<!channel> E  assert 1 == 2"])
    record = failed.step("await_pipeline").evolve(reason=f"The test job failed:\n{log}")
    job = failed.model_copy(update={"steps": {"await_pipeline": record}})

    reply = said(messages.message(job, FAILED))

    assert "The test job failed:\n```\nxxx" in reply
    assert "'''&lt;!channel&gt; E assert 1 == 2\n```" in reply
    assert reply.count("```") == 2
    assert len(reply) < 3000


def test_a_cancelled_job_says_that_nothing_was_made_when_nothing_was() -> None:
    reply = said(messages.message(jobs.a_denied_job(), CANCELLED))

    assert "Nothing was made." in reply


def test_done_comes_with_all_links_the_total_time_and_the_part_that_was_waiting_for_people() -> (
    None
):
    reply = said(messages.message(jobs.a_done_job(), DONE))

    assert "It took 3 min 5 s, 2 min of it for the approval." in reply


def test_an_approval_that_took_no_time_is_not_worth_a_word() -> None:
    job = jobs.a_done_job()
    at_once = jobs.a_decision().model_copy(update={"at": jobs.NOW})

    reply = said(messages.message(job.model_copy(update={"decision": at_once}), DONE))

    assert "It took 3 min 5 s." in reply
    assert "• Live URL: <https://hello-shop.example.com|hello-shop.example.com>" in reply
    for label in (
        "Application repository",
        "Deployment repository",
        "Pipeline",
        "Argo CD application",
        "Catalog entry",
    ):
        assert re.search(rf"^• <https://[^|]+\|{label}>$", reply, re.MULTILINE), label


def test_a_new_system_ends_with_the_link_to_its_catalog_entry() -> None:
    reply = said(messages.message(A_SYSTEM_JOB, DONE))

    assert "<https://backstage.example.com/catalog/2|Catalog entry>" in reply


def test_a_direct_message_leads_to_the_card_unless_that_is_a_direct_message_to_another_one() -> (
    None
):
    link = "https://slack.example.com/archives/X/p1"
    waiting = jobs.a_waiting_for_approval()
    question = Notice(kind=NoticeKind.QUESTION, about="U0DENIZ")

    shown = [
        said(messages.message(waiting.model_copy(update={"messages": {"card": card}}), question))
        for channel in ("C0PAYMENTS", "D0ADA")
        for card in [MessageRef(channel=channel, ts="1.2", permalink=link)]
    ]

    assert [f"<{link}|Open the request>" in each for each in shown] == [True, False]


def test_the_platform_team_reads_all_that_it_takes_to_begin() -> None:
    job = jobs.a_failed_job_with_help()
    record = job.step("await_pipeline").evolve(cause="pipeline-no-runner")
    card = MessageRef(channel="C0PAYMENTS", ts="1.2", permalink="https://slack.example.com/p12")
    job = job.model_copy(
        update={"steps": {**job.steps, "await_pipeline": record}, "messages": {"card": card}}
    )

    wanted = said(messages.message(job, HELP_WANTED))

    for words in (
        "<@U0ADA> asks the platform team for help.",
        "New application “Hello shop” for payments*, asked for by <@U0ADA>",
        "Says hello to customers.",
        "They say: It worked yesterday.",
        "*Run the first pipeline* failed: The pipeline failed.",
        "*Known as:* `pipeline-no-runner`",
        "*What it means:* No runner takes the job",
        "*What to do (the platform team):* Look at the job's log.",
        "|Application repository>",
        "<https://slack.example.com/p12|The card> · `k3v9x2ab`",
    ):
        assert words in wanted


def test_a_card_in_a_direct_message_is_no_link_for_others() -> None:
    card = MessageRef(channel="D0ADA", ts="1.2", permalink="https://slack.example.com/p12")
    job = jobs.a_failed_job_with_help().model_copy(update={"messages": {"card": card}})

    wanted = said(messages.message(job, HELP_WANTED))

    assert "slack.example.com" not in wanted
    assert "`k3v9x2ab`" in wanted


def test_what_is_said_to_the_platform_team_is_shown_as_typed_and_pings_nobody() -> None:
    typed = "<!channel> <@U0BRUNO> *now*"

    wanted = messages.message(jobs.a_failed_job_with_help(words=typed), HELP_WANTED)

    [shown] = [block["text"] for block in wanted.blocks if typed in str(block)]
    assert shown == {"type": "plain_text", "text": f"They say: {typed}", "emoji": False}


def test_the_thread_reads_that_they_were_asked_and_by_whom() -> None:
    reply = said(messages.message(jobs.a_failed_job_with_help(), HELP_ASKED))

    assert reply == "<@U0ADA> has asked the platform team to look at this."
