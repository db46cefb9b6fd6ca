"""What strangers can send to the bot's port, and what comes of it: an answer that costs little, and nothing else."""

import json
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from bot.domain.errors import TemporaryError
from bot.domain.job import JobState
from bot.slack import ids
from bot.web.body_limit import LARGEST_BODY
from tests.unit import slack_jobs as jobs
from tests.unit import slack_wire
from tests.unit.slack_wire import FORM, SECRET, WEBHOOK_SECRET, Wire, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = ["/healthz", "/readyz", "/metrics", "/webhooks/gitlab", "/slack/events"]


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="opened")
async def _opened() -> AsyncIterator[Wire]:
    async with slack_wire.opened() as opened:
        yield opened


@pytest.fixture
def wire(opened: Wire) -> Wire:
    opened.forget()
    return opened


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("told", [str(LARGEST_BODY + 1), "9" * 5000, "-1", "many"])
async def test_a_request_that_says_it_is_too_large_is_refused_unread(
    wire: Wire, path: str, told: str
) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("It was read.")
        yield b""

    method = "POST" if path in ROUTES[3:] else "GET"
    answer = await wire.http.request(
        method, path, content=never(), headers={"Content-Length": told}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ROUTES[3:])
async def test_a_body_that_does_not_say_its_length_is_not_read_to_its_end(
    wire: Wire, path: str
) -> None:
    sent = 0

    async def lengthy() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * LARGEST_BODY:
            sent += 100_000
            yield b" " * 100_000

    token = {"X-Gitlab-Token": WEBHOOK_SECRET}
    answer = await wire.http.post(path, content=lengthy(), headers=token)

    assert answer.status_code == 413
    assert sent <= LARGEST_BODY + 200_000


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"},
        {"X-Slack-Request-Timestamp": "9" * 5000, "X-Slack-Signature": "v0=1"},
        {"X-Slack-Request-Timestamp": "-1", "X-Slack-Signature": "v0=1"},
        {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=\u00e4"},
        {"X-Slack-Request-Timestamp": "\u0663", "X-Slack-Signature": "v0=1"},
    ],
    ids=range(7),
)
@pytest.mark.parametrize(
    "body",
    [b"command=/idp", b"{", b"payload=5", b"[" * 5000, b"\xff", b"", b"ssl_check=1"],
    ids=ascii,
)
async def test_what_slack_did_not_sign_is_turned_away_whatever_it_is(
    wire: Wire, headers: dict[str, str], body: bytes
) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    answer = await wire.http.post(
        "/slack/events", content=body, headers={b"Content-Type": FORM.encode(), **raw}
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(("secret", "stamp"), [("guess", ""), (SECRET, "1700000000")])
async def test_a_press_that_is_forged_or_old_does_nothing(
    wire: Wire, secret: str, stamp: str
) -> None:
    await wire.behind.jobs.create(jobs.a_failed_job())
    body = a_retry(wire)

    answer = await wire.sends(body, headers=signed(body, secret=secret, stamp=stamp))

    assert answer.status_code == 401
    assert wire.stored("k3v9x2ab").state is JobState.FAILED


async def test_a_retry_that_is_replayed_does_not_retry_again(wire: Wire) -> None:
    failed = jobs.a_failed_job()
    await wire.behind.jobs.create(failed)
    body = a_retry(wire)
    headers = signed(body)

    first = await wire.sends(body, headers=headers)
    retried = wire.stored(failed.id).state
    wire.behind.jobs.put(failed.id, {"state": JobState.FAILED, "steps": failed.steps})
    again = await wire.sends(body, headers=headers)

    assert (first.status_code, again.status_code) == (200, 409)
    assert (retried, wire.stored(failed.id).state) == (JobState.RUNNING, JobState.FAILED)


async def test_the_same_press_signed_anew_is_no_replay(wire: Wire) -> None:
    await wire.behind.jobs.create(jobs.a_failed_job())

    answers = [await wire.sends(a_retry(wire)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_command_is_answered_although_the_store_cannot_tell_whether_it_is_new(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> bool:
        raise TemporaryError("Redis cannot be reached.")

    monkeypatch.setattr(wire.behind.jobs, "is_new", gone)

    answer = await wire.commands("help")

    assert answer.status_code == 200
    assert "What /idp can do" in wire.said()


def a_retry(wire: Wire) -> bytes:
    payload = json.dumps(wire.press(ids.RETRY, "k3v9x2ab"))
    return urlencode({"payload": payload}).encode()
