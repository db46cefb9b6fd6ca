"""The bot where Slack calls it over HTTP instead of a socket."""

import time

import httpx
import pytest

from bot.domain.job import JobState
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import Office

pytestmark = [pytest.mark.timeout(90)]


async def test_a_form_is_opened_searched_and_submitted_by_signed_requests(
    office_over_http: Office,
) -> None:
    chiara = office_over_http.colleague("chiara")
    form = await chiara.open_form("/idp new-app")

    answer = await chiara.submit(
        form,
        {
            "name": "Over HTTP",
            "system": "system:default/checkout",
            "description": "No socket at all",
            "hostname": "over-http",
            "owner": "group:default/payments",
        },
    )

    job = await office_over_http.job_named("Over HTTP")
    await office_over_http.job_when(job, state=JobState.WAITING_APPROVAL)
    assert answer["ok"]
    assert (await office_over_http.card(job))["text"]


@pytest.mark.parametrize("age", [0, 600])
async def test_a_request_with_a_forged_or_missing_signature_is_refused(
    office_over_http: Office, age: int
) -> None:
    port = office_over_http.bot.settings.idp_http_port
    headers = {
        "X-Slack-Request-Timestamp": str(int(time.time()) - age),
        "X-Slack-Signature": "v0=" + "0" * 64,
    }

    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as stranger:
        url = f"http://127.0.0.1:{port}/slack/events"
        forged = await stranger.post(url, data={"command": "/idp"}, headers=headers)
        unsigned = await stranger.post(url, data={"command": "/idp"})

    assert (forged.status_code, unsigned.status_code) == (401, 401)
    audit = "\n".join([line async for line in office_over_http.bot.ports.audit.lines()])
    assert '"what":"slack-request"' in audit
