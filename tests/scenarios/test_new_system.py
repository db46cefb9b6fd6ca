"""Stories of `/idp new-system`, from the command to the field in which the new system is offered."""

from urllib.parse import quote

import httpx
import pytest

from bot.domain.job import Job, JobState
from bot.slack import ids
from tests.colleague import Json, eventually, has_button
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import Office

pytestmark = [pytest.mark.timeout(180)]

CATALOG = quote("idp/platform/catalog", safe="")


def filled(name: str) -> dict[str, str]:
    """A form that has nothing against it."""
    return {
        "name": name,
        "description": f'{name} & <everybody>: "${{{{ values.x }}}} #1"',
        "owner": "group:default/payments",
    }


async def test_a_system_that_the_platform_group_agreed_to_is_in_the_catalog_and_offered(
    office: Office,
) -> None:
    ada, bruno, deniz = (office.colleague(name) for name in ("ada", "bruno", "deniz"))
    answer = await ada.submit(await ada.open_form("/idp new-system"), filled("Gift Cards"))
    assert answer == {"ok": True} | answer, answer
    job = await office.job_named("Gift Cards")
    card = await eventually(lambda: _undecided(office, job))

    for person, refusal in (
        (ada, "You asked for this yourself"),
        (bruno, "Only members of platform"),
    ):
        await person.press(card, ids.APPROVE)
        await person.hears(refusal)
    assert await _commits(office, "gift-cards") == []
    await deniz.press(card, ids.APPROVE)
    await deniz.hears("You approved “Gift Cards”")

    await office.job_when(job, state=JobState.DONE)
    link = f"{office.box['catalog']['url']}/catalog/default/system/gift-cards"
    assert link in str(await eventually(lambda: _reply(office, job, "done")))
    assert len(await _commits(office, "gift-cards")) == 1
    entity = await _entity(office, "gift-cards")
    assert entity["metadata"]["title"] == "Gift Cards"
    assert entity["metadata"]["description"] == filled("Gift Cards")["description"]
    assert entity["spec"]["owner"] == "group:default/payments"

    form = await ada.open_form("/idp new-app")
    offered = await ada.options(form, "system", "gift")
    assert [option["value"] for option in offered] == ["system:default/gift-cards"]
    await ada.act("close", view_id=form["id"], everything=True)


async def test_a_system_that_the_platform_group_refused_leaves_no_trace(office: Office) -> None:
    ada, deniz = office.colleague("ada"), office.colleague("deniz")
    await ada.submit(await ada.open_form("/idp new-system"), filled("Second Till"))
    job = await office.job_named("Second Till")

    await deniz.press(await eventually(lambda: _undecided(office, job)), ids.DENY)
    denial = await eventually(lambda: _modal(office, deniz.slack_id))
    await deniz.submit(denial, {ids.REASON: "Checkout does this."})

    cancelled = await office.job_when(job, state=JobState.CANCELLED)
    assert cancelled.ending == "Denied by Deniz Kaya: Checkout does this."
    assert await _commits(office, "second-till") == []
    await eventually(lambda: _is_free(office, "second-till"))
    answered = await eventually(lambda: _modal(office, deniz.slack_id))
    await deniz.act("close", view_id=answered["id"], everything=True)


async def test_a_system_that_cannot_wait_is_made_by_break_glass_and_reviewed_by_direct_message(
    office_with_break_glass: Office,
) -> None:
    office = office_with_break_glass
    ada, deniz = office.colleague("ada"), office.colleague("deniz")
    await ada.submit(await ada.open_form("/idp new-system"), filled("Refunds"))
    job = await office.job_named("Refunds")
    asked = [await office.notice(job, f"question:{who}") for who in ("U0DENIZ", "U0ELIF")]
    assert all(has_button(question, ids.APPROVE) for question in asked)

    await ada.press(await eventually(lambda: _undecided(office, job)), ids.BREAK_GLASS)
    why = await eventually(lambda: _modal(office, ada.slack_id))
    await ada.submit(why, {ids.REASON: "Customers wait for their money."})
    await office.job_when(job, state=JobState.DONE)
    assert (await office.notice(job, "glass-broken"))["subtype"] == "thread_broadcast"
    assert has_button(await office.card(job), ids.REVIEWED)
    await deniz.press(await office.notice(job, "review-wanted:U0DENIZ"), ids.REVIEWED)
    remark = await eventually(lambda: _modal(office, deniz.slack_id))
    await deniz.submit(remark, {ids.REASON: "Understood."})

    await office.notice(job, "reviewed")
    await eventually(lambda: _has_no_buttons(office, job))
    for who in ("U0DENIZ", "U0ELIF"):
        question = await office.notice(job, f"question:{who}")
        assert "Customers wait for their money." in str(question["blocks"])
        assert "*Reviewed* by <@U0DENIZ>" in str(await office.notice(job, f"review-wanted:{who}"))
    for person in (ada, deniz):
        [view] = await person._modals()
        await person.act("close", view_id=view["id"], everything=True)


async def _has_no_buttons(office: Office, job: Job) -> bool:
    """Neither the card nor any direct message asks for anything any more."""
    said = await office.messages(job)
    return not any(block["type"] == "actions" for m in said for block in m["blocks"])


async def test_a_system_that_the_catalog_has_is_refused_under_the_name(office: Office) -> None:
    ada = office.colleague("ada")
    form = await ada.open_form("/idp new-system")

    answer = await ada.submit(form, filled("Checkout"))

    assert "already has a system checkout" in answer["errors"]["name"]
    assert list(await office.bot.ports.jobs.recent()) == []
    await ada.act("close", view_id=form["id"], everything=True)


async def _undecided(office: Office, job: Job) -> Json | None:
    said = await office.messages(job)
    return said[0] if said and has_button(said[0], ids.APPROVE) else None


async def _reply(office: Office, job: Job, key: str) -> Json | None:
    said = await office.messages(job)
    return next((m for m in said if m["metadata"]["event_payload"]["notice"] == key), None)


async def _is_free(office: Office, slug: str) -> bool:
    return await office.bot.ports.jobs.holder("system", slug) is None


async def _modal(office: Office, slack_id: str) -> Json | None:
    views = (await office.http.get(f"/sandbox/slack/views/{slack_id}")).json()["modals"]
    return next(iter(views), None)


async def _commits(office: Office, slug: str) -> list[Json]:
    """Every commit of the catalog repository that touched the system's file."""
    gitlab = office.box["gitlab"]
    async with httpx.AsyncClient(
        headers={"PRIVATE-TOKEN": gitlab["token"]}, verify=NO_CERTIFICATES
    ) as api:
        answer = await api.get(
            f"{gitlab['url']}/api/v4/projects/{CATALOG}/repository/commits",
            params={"path": f"systems/{slug}.yaml"},
        )
        commits: list[Json] = answer.raise_for_status().json()
        return commits


async def _entity(office: Office, slug: str) -> Json:
    catalog = office.box["catalog"]
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {catalog['token']}"}, verify=NO_CERTIFICATES
    ) as api:
        answer = await api.get(
            f"{catalog['url']}/api/catalog/entities/by-name/system/default/{slug}"
        )
        entity: Json = answer.raise_for_status().json()
        return entity
