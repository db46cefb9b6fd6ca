"""Stories in which the systems around the bot fail, and nobody notices more than a delay."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.domain.job import Job, StepState
from tests.colleague import Json, eventually
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import Office

pytestmark = [pytest.mark.timeout(180)]
FAULTS = "/sandbox/faults"
CREATIONS = "^/api/v4/projects$"
HARD_LUCK = {
    "name": "Hard Luck",
    "system": "system:default/checkout",
    "description": "Made while GitLab has a bad day.",
    "hostname": "hard-luck",
    "owner": "group:default/payments",
    "visibility": "internal",
}


@pytest.fixture(name="office")
async def _bad_day(office_with_webhooks: Office) -> AsyncIterator[Office]:
    """GitLab loses its answers to the two creations of projects, and its webhooks to the bot."""
    http = office_with_webhooks.http
    lost = {"kind": "server-error", "when": "after", "method": "POST", "times": 2}
    for wish in (
        {**lost, "path": CREATIONS},
        {"kind": "dropped-webhooks", "url": "/webhooks/gitlab$"},
    ):
        (await http.post(FAULTS, json={"part": "gitlab", **wish})).raise_for_status()
    yield office_with_webhooks
    await http.delete(FAULTS)


async def test_lost_answers_and_lost_webhooks_cost_time_and_make_nothing_twice(
    office: Office,
) -> None:
    ada = office.colleague("ada")
    answer = await ada.submit(await ada.open_form("/idp new-app"), HARD_LUCK)
    assert answer["ok"], answer

    await _until_step(office, "await_pipeline")
    faults = (await office.http.get(FAULTS)).json()

    assert 2 in [fault["hits"] for fault in faults["past"] if fault["path"] == CREATIONS]
    assert {fault["kind"]: fault["hits"] > 0 for fault in faults["faults"]} == {
        "dropped-webhooks": True
    }
    created = await _creations(office)
    repositories = ("idp/payments/checkout-hard-luck", "idp/payments/checkout-hard-luck-deployment")
    assert [created["projects"][path] for path in repositories] == [1, 1]


async def _until_step(office: Office, name: str) -> Job:
    job = await office.job_named("Hard Luck")

    async def look() -> Job | None:
        now = await office.bot.ports.jobs.load(job.id)
        return now if now and now.step(name).state is StepState.DONE else None

    return await eventually(look, 60)


async def _creations(office: Office) -> Json:
    url = office.box["gitlab"]["url"]
    async with httpx.AsyncClient(base_url=url, verify=NO_CERTIFICATES) as gitlab:
        counts: dict[str, Any] = (await gitlab.get("/sandbox/gitlab/creations")).json()
    return counts
