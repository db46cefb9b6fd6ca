"""A request that was stopped halfway is taken back, on the whole platform."""

import httpx
import pytest

from bot.domain.job import Job, JobState, StepState
from bot.slack import ids
from tests.colleague import Json, eventually, has_button
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import Office

pytestmark = [pytest.mark.timeout(180)]

REQUEST = {
    "name": "Regretted",
    "system": "system:default/checkout",
    "description": "Was a good idea at the time.",
    "hostname": "regretted",
    "owner": "group:default/payments",
    "visibility": "internal",
}
REPOSITORIES = ("checkout-regretted", "checkout-regretted-deployment")


async def test_a_cancelled_application_is_undone_and_its_name_is_free_again(
    office: Office,
) -> None:
    ada = office.colleague("ada")
    answer = await ada.submit(await ada.open_form("/idp new-app"), REQUEST)
    assert answer["ok"], answer
    job = await office.job_named("Regretted")
    await eventually(lambda: _all_made(office, job), 60)
    await ada.press(await office.card(job), ids.CANCEL)
    cancelled = await office.job_when(job, state=JobState.CANCELLED)
    assert await _repositories(office) == set(REPOSITORIES)

    await ada.press(await eventually(lambda: _with_undo(office, cancelled)), ids.UNDO)
    question = await eventually(lambda: _modal(office, ada.slack_id))
    await ada.submit(question, {})
    undone = await office.job_when(job, state=JobState.UNDONE)

    assert await _repositories(office) == set()
    assert not await office.bot.ports.cluster.namespace_exists("payments-checkout-regretted")
    component = undone.request
    assert component.kind == "new-app"
    told = await eventually(lambda: _told(office, undone))
    assert "checkout-regretted is deleted." in told
    again = await ada.open_form("/idp new-app")
    assert (await ada.submit(again, {**REQUEST, "visibility": "public"}))["ok"]


async def _all_made(office: Office, job: Job) -> bool:
    """Everything that has to be taken back exists."""
    now = await office.bot.ports.jobs.load(job.id)
    assert now
    made = all(
        now.step(step).state is StepState.DONE
        for step in ("create_app_repository", "declare_environment", "register_component")
    )
    return made and await office.bot.ports.cluster.namespace_exists("payments-checkout-regretted")


async def _with_undo(office: Office, job: Job) -> Json | None:
    card = await office.card(job)
    return card if has_button(card, ids.UNDO) else None


async def _modal(office: Office, slack_id: str) -> Json | None:
    views = (await office.http.get(f"/sandbox/slack/views/{slack_id}")).json()["modals"]
    return next(iter(views), None)


async def _told(office: Office, job: Job) -> str:
    said = await office.messages(job)
    return next((str(m["blocks"]) for m in said if "undone" in str(m["metadata"])), "")


async def _repositories(office: Office) -> set[str]:
    gitlab = office.box["gitlab"]
    token = {"PRIVATE-TOKEN": gitlab["token"]}
    async with httpx.AsyncClient(headers=token, verify=NO_CERTIFICATES) as api:
        answer = await api.get(
            f"{gitlab['url']}/api/v4/groups/idp%2Fpayments/projects", params={"search": "regretted"}
        )
        projects: list[Json] = answer.raise_for_status().json()
    return {project["path"] for project in projects} & set(REPOSITORIES)
