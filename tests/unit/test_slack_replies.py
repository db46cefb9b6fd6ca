"""What people read in the thread."""

import re

from bot.domain.approval import Verdict
from bot.slack import messages
from tests.unit import slack_jobs as jobs
from tests.unit.slack_reading import A_SYSTEM_JOB, CANCELLED, DECIDED, DONE, FAILED, WANTED, said


def test_those_who_may_approve_are_mentioned() -> None:
    reply = messages.message(jobs.a_waiting_for_approval(), WANTED, approvers=("U0DENIZ", "U0ELIF"))

    assert "<@U0DENIZ> <@U0ELIF>" in said(reply)
    assert "The repositories will be public." in said(reply)


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

    assert "It took 3 min 5 s, 2 min 0 s of it for the approval." in reply
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
