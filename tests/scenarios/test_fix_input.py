"""A name that somebody else takes meanwhile is answered anew, on the whole platform, and the rest goes on."""

import httpx
import pytest

from bot.domain.job import Job, JobState
from bot.slack import ids
from tests.colleague import Colleague, Json, element, eventually, has_button
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import Office

pytestmark = [pytest.mark.timeout(180)]

REQUEST = {
    "name": "Twin",
    "system": "system:default/checkout",
    "description": "Not the only one of that name.",
    "hostname": "twin",
    "owner": "group:default/payments",
    "visibility": "public",
}
GROUP = "idp/payments"


async def test_a_request_whose_name_was_taken_goes_on_with_another(office: Office) -> None:
    ada, deniz = office.colleague("ada"), office.colleague("deniz")
    answer = await ada.submit(await ada.open_form("/idp new-app"), REQUEST)
    assert answer["ok"], answer
    job = await office.job_named("Twin")
    card = await eventually(lambda: _with(office, job, ids.APPROVE))
    await _take(office, "checkout-twin")
    await deniz.press(card, ids.APPROVE)

    await ada.press(await eventually(lambda: _with(office, job, ids.FIX)), ids.FIX)
    asked = await eventually(lambda: _modal(office, ada, ids.FIXING))
    assert element(asked, "name")["initial_value"] == "Twin"
    await ada.submit(asked, {"name": "Sibling"})
    told = str((await eventually(lambda: _modal(office, ada, ids.FIX_CONFIRMED)))["blocks"])
    await ada.submit(await _last_modal(office, ada), {})
    await deniz.press(await eventually(lambda: _with(office, job, ids.APPROVE)), ids.APPROVE)
    done = await office.job_when(job, 90, state=JobState.DONE)

    assert "Remove the deployment repository" in told
    assert "approval does not hold" in told
    assert done.request.name == "Sibling"
    assert await _projects(office) == {
        "checkout-twin",
        "checkout-sibling",
        "checkout-sibling-deployment",
    }
    here = [m for m in await office.messages(done) if m["channel"] == card["channel"]]
    said = [message["text"].rpartition(": ")[2] for message in here]
    assert said == [
        "done",
        "approval wanted",
        "approved",
        "failed",
        "approval void",
        "approval wanted",
        "approved",
        "done",
    ]


async def _with(office: Office, job: Job, action: str) -> Json | None:
    card = await office.card(job)
    return card if has_button(card, action) else None


async def _modal(office: Office, person: Colleague, callback: str) -> Json | None:
    view = await _last_modal(office, person)
    return view if view.get("callback_id") == callback else None


async def _last_modal(office: Office, person: Colleague) -> Json:
    answer = await office.http.get(f"/sandbox/slack/views/{person.slack_id}")
    views: list[Json] = answer.json()["modals"]
    return views[-1] if views else {}


async def _take(office: Office, path: str) -> None:
    """Somebody makes a project of that name by hand."""
    async with _gitlab(office) as api:
        group = (await api.get(f"/groups/{GROUP.replace('/', '%2F')}")).json()
        body = {"path": path, "name": "Theirs", "namespace_id": group["id"]}
        (await api.post("/projects", json=body)).raise_for_status()


async def _projects(office: Office) -> set[str]:
    async with _gitlab(office) as api:
        found = []
        for word in ("twin", "sibling"):
            path = f"/groups/{GROUP.replace('/', '%2F')}/projects"
            found += (await api.get(path, params={"search": word})).raise_for_status().json()
    return {project["path"] for project in found}


def _gitlab(office: Office) -> httpx.AsyncClient:
    gitlab = office.box["gitlab"]
    return httpx.AsyncClient(
        base_url=f"{gitlab['url']}/api/v4",
        headers={"PRIVATE-TOKEN": gitlab["token"]},
        verify=NO_CERTIFICATES,
    )
