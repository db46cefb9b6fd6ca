"""Whatever is sent to the bot's port, nothing goes wrong that nobody foresaw, and nobody learns what they may not."""

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.job import Job, JobState
from bot.domain.request import Visibility
from bot.sandbox.slack.errors import SlackError
from bot.usecases import names
from tests.fuzz.depth import examples
from tests.fuzz.sendings import Sent, sendings
from tests.unit import slack_jobs as jobs
from tests.unit import slack_wire
from tests.unit.slack_wire import WEBHOOK_SECRET, Wire, check_answer, signed

SECRET_NAME = "Secret garden"
MAY_KNOW = ("U0ADA", "U0DENIZ")


@pytest.fixture(scope="module")
def wire(loop: asyncio.Runner) -> Iterator[Wire]:
    opening = slack_wire.opened()
    yield loop.run(opening.__aenter__())
    loop.run(opening.__aexit__(None, None, None))


def company_of_jobs() -> tuple[Job, ...]:
    """A job in every state, and one that not everybody may know of."""
    secret = jobs.an_app_request(visibility=Visibility.PRIVATE, name=SECRET_NAME, slug="secret")
    return (
        jobs.a_waiting_for_approval().model_copy(update={"id": "waiting0"}),
        jobs.a_waiting_for_approval().model_copy(update={"id": "private0", "request": secret}),
        jobs.a_failed_job().model_copy(update={"id": "failed00"}),
        jobs.a_job(id="running0"),
        jobs.a_done_job().model_copy(update={"id": "done0000"}),
        jobs.an_undone_job(JobState.UNDOING).model_copy(update={"id": "undone00"}),
    )


async def begin_anew(wire: Wire) -> None:
    wire.forget()
    store = wire.behind.jobs
    for job in company_of_jobs():
        await store.create(job)
    await names.hold(jobs.an_app_request(), job_id="running0", ports=wire.behind.ports)


async def send(wire: Wire, sent: Sent) -> None:
    await begin_anew(wire)
    headers = {"X-Gitlab-Token": WEBHOOK_SECRET}
    if sent.path == "/slack/events":
        headers = signed(sent.body) if sent.is_signed else {}
    answer = await wire.sends(sent.body, path=sent.path, headers=headers)

    assert not wire.troubles.found, wire.troubles.found[0]
    assert wire.api.refused == []
    assert answer.status_code < 500
    if sent.payload and answer.status_code == 200:
        try:
            check_answer(sent.payload, answer)
        except SlackError as refusal:
            pytest.fail(f"Slack would refuse the answer: {refusal.answer()}")
    if sent.payload and not any(user in json.dumps(sent.payload) for user in MAY_KNOW):
        assert SECRET_NAME not in wire.said() + answer.text


def test_whatever_is_sent_is_answered_refused_or_ignored_and_reveals_nothing(
    wire: Wire, loop: asyncio.Runner, tried: Callable[[], object]
) -> None:
    @examples(300, deep=12_000)
    @given(sent=sendings(wire.response_url))
    def run(sent: Sent) -> None:
        tried()
        loop.run(send(wire, sent))

    run()


def test_unsigned_requests_do_nothing_at_all(
    wire: Wire, loop: asyncio.Runner, tried: Callable[[], object]
) -> None:
    @examples(50, deep=1_000)
    @given(sent=sendings(wire.response_url), guess=st.text("0123456789abcdef", max_size=64))
    def run(sent: Sent, guess: str) -> None:
        tried()
        loop.run(begin_anew(wire))
        before = dict(wire.behind.jobs.jobs)
        headers = {"X-Slack-Signature": f"v0={guess}", "X-Gitlab-Token": guess}

        answer = loop.run(wire.sends(sent.body, path=sent.path, headers=headers))

        assert answer.status_code < 500
        assert wire.behind.jobs.jobs == before
        assert wire.api.told == []
        assert not wire.troubles.found, wire.troubles.found[0]

    run()
