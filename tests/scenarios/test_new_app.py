"""Stories of `/idp new-app`, from the command to the end, as people and the systems behind see them."""

import asyncio
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from freezegun import freeze_time

from bot.domain.job import JobState
from bot.slack import ids
from tests.colleague import Json, eventually, has_button
from tests.scenarios.conftest import Office, ended

pytestmark = [pytest.mark.timeout(180)]


def filled(name: str, **changes: str) -> dict[str, str]:
    """A form that has nothing against it."""
    return {
        "name": name,
        "system": "system:default/checkout",
        "description": f'{name} & <everybody> says: "${{{{ values.x }}}} {{{{ .Values }}}} #1"',
        "hostname": name.lower().replace(" ", "-"),
        "owner": "group:default/payments",
        "visibility": "internal",
        **changes,
    }


async def test_a_developer_gets_from_the_form_to_a_live_url_without_anybody_else(
    office: Office, tmp_path: Path
) -> None:
    ada = office.colleague("ada")
    form = await ada.open_form("/idp new-app")
    answer = await ada.submit(form, filled("Price List"))
    assert answer == {"ok": True} | answer, answer

    job = await office.job_when(await office.job_named("Price List"), state=JobState.DONE)
    done = await eventually(lambda: _last_word(office, job.id))

    gitlab = office.box["gitlab"]
    async with httpx.AsyncClient(
        base_url=f"{gitlab['url']}/api/v4", headers={"PRIVATE-TOKEN": gitlab["token"]}
    ) as api:
        names = ("checkout-price-list", "checkout-price-list-deployment")
        projects = [(await api.get(f"/projects/idp%2Fpayments%2F{name}")).json() for name in names]
    for project in projects:
        url = project["http_url_to_repo"].replace("://", f"://any:{gitlab['token']}@")
        await asyncio.to_thread(_clone, url, tmp_path / project["path"])
    deployed = tmp_path / "checkout-price-list-deployment/environments/development/image.yaml"
    assert "sha256:" in deployed.read_text()
    assert (tmp_path / "checkout-price-list/.gitlab-ci.yml").is_file()

    host, live = "price-list.localhost", _address(office.box, "price-list.localhost")
    trust = ssl.create_default_context(cafile=office.box["gateway"]["ca"])
    async with httpx.AsyncClient(verify=trust) as visitor:
        page = await visitor.get(
            live.replace(host, "127.0.0.1"),
            headers={"Host": host},
            extensions={"sni_hostname": host},
        )
    assert page.status_code == 200
    assert page.json()["name"] == "Price List"

    for link in (
        projects[0]["web_url"],
        projects[1]["web_url"],
        f"{projects[0]['web_url']}/-/pipelines/",
        f"{office.box['argocd']['url']}/applications/argocd/payments-checkout-price-list",
        f"{office.box['catalog']['url']}/catalog/default/component/checkout-price-list",
        live,
    ):
        assert link in str(done["blocks"]), link
    final = await eventually(lambda: _card_without(office, job.id, ids.CANCEL))
    assert [task["status"] for task in _tasks(final)] == ["complete"] * 9
    assert office.colleague("ada").slack_id in str(done)


async def test_an_outsiders_request_waits_for_somebody_of_the_owner_team(office: Office) -> None:
    chiara, ada, bruno = (office.colleague(name) for name in ("chiara", "ada", "bruno"))
    await chiara.submit(await chiara.open_form("/idp new-app"), filled("Outsider"))
    job = await office.job_named("Outsider")
    job = await office.job_when(job, state=JobState.WAITING_APPROVAL)
    card = await eventually(lambda: _card_with(office, job.id, ids.APPROVE))

    await chiara.press(card, ids.APPROVE)
    await chiara.hears("You asked for this yourself")
    await asyncio.gather(ada.press(card, ids.APPROVE), bruno.press(card, ids.APPROVE))
    decided = await eventually(lambda: _decided(office, job.id))
    winner, late = (ada, bruno) if "Ada" in decided["by"]["name"] else (bruno, ada)
    await winner.hears("approved “Outsider”")
    await late.hears(f"{decided['by']['name']} has approved this already")
    await bruno.press(await office.card(job), ids.CANCEL)

    cancelled = await office.job_when(job, state=JobState.CANCELLED)
    assert cancelled.ending == "Cancelled by Bruno Lindt."


async def test_public_repositories_need_the_platform_group(office: Office) -> None:
    ada, bruno, deniz = (office.colleague(name) for name in ("ada", "bruno", "deniz"))
    await ada.submit(
        await ada.open_form("/idp new-app"), filled("Open Source", visibility="public")
    )
    job = await office.job_named("Open Source")
    card = await eventually(lambda: _card_with(office, job.id, ids.APPROVE))

    await bruno.press(card, ids.APPROVE)
    await bruno.hears("Only members of platform")
    await deniz.press(card, ids.DENY)
    denial = await eventually(lambda: _modal(office, "U0DENIZ"))
    await deniz.submit(denial, {ids.REASON: "Legal has not looked at it."})

    cancelled = await office.job_when(job, state=JobState.CANCELLED)
    assert cancelled.ending == "Denied by Deniz Kaya: Legal has not looked at it."
    replies = await office.messages(job)
    assert any("Legal has not looked at it." in str(reply) for reply in replies[1:])


async def test_a_request_that_nobody_decides_expires_and_frees_its_names(office: Office) -> None:
    chiara = office.colleague("chiara")
    await chiara.submit(await chiara.open_form("/idp new-app"), filled("Forgotten"))
    job = await office.job_when(
        await office.job_named("Forgotten"), state=JobState.WAITING_APPROVAL
    )
    await eventually(lambda: _card_with(office, job.id, ids.APPROVE))

    await ended(
        office.worker
    )  # docket must not see the frozen time: it would plan its sweeps by it
    later = job.created_at + timedelta(days=3, minutes=1)
    with freeze_time(
        later, real_asyncio=True, ignore=["kubernetes"]
    ):  # it loads itself when looked at
        await office.bot.runner.advance(job.id)

    expired = await office.job_when(job, state=JobState.CANCELLED)
    assert "expired" in expired.ending
    assert await office.bot.ports.jobs.holder("host", "forgotten.localhost") is None


async def test_pressing_submit_twice_makes_one_job(office: Office) -> None:
    chiara = office.colleague("chiara")
    form = await chiara.open_form("/idp new-app")

    await asyncio.gather(*(chiara.submit(form, filled("Double")) for _ in range(2)))

    job = await office.job_named("Double")
    await eventually(lambda: _card_with(office, job.id, ids.APPROVE))
    jobs = [j for j in await office.bot.ports.jobs.recent() if j.request.name == "Double"]
    assert len(jobs) == 1
    said = [m["metadata"]["event_payload"]["notice"] for m in await office.messages(job)]
    assert said.count("card") == 1


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "!!!", "letter"),
        ("name", "9lives", "start with a letter"),
        ("name", "a" * 41, "40"),
        ("hostname", "-no-", "letter"),
        ("hostname", "two.labels", "letter"),
    ],
)
async def test_a_bad_value_is_explained_under_its_field_and_nothing_is_made(
    office: Office, field: str, value: str, complaint: str
) -> None:
    ada = office.colleague("ada")
    form = await ada.open_form("/idp new-app")

    answer = await ada.submit(form, {**filled("Fine Name"), field: value})

    assert complaint in answer["errors"][field]
    assert list(await office.bot.ports.jobs.recent()) == []
    await ada.act("close", view_id=form["id"], everything=True)


async def test_names_that_are_taken_anywhere_are_refused_under_their_field(
    office: Office,
) -> None:
    ada, chiara = office.colleague("ada"), office.colleague("chiara")
    await chiara.submit(await chiara.open_form("/idp new-app"), filled("Open Request"))
    first = await office.job_named("Open Request")
    await eventually(lambda: _card_with(office, first.id, ids.APPROVE))
    form = await ada.open_form("/idp new-app")

    same_name = await ada.submit(form, filled("Open Request", hostname="another"))
    same_host = await ada.submit(form, filled("Other Name", hostname="open-request"))

    assert first.id in same_name["errors"]["name"]
    assert first.id in same_host["errors"]["hostname"]


def _address(box: Json, host: str) -> str:
    address: str = box["gateway"]["https"]
    return address.replace("localhost", host)


def _clone(url: str, folder: Path) -> None:
    subprocess.run(["git", "clone", "-q", url, folder], check=True)


def _tasks(card: Json) -> list[Json]:
    tasks: list[Json] = next(b["tasks"] for b in card["blocks"] if b["type"] == "plan")
    return tasks


async def _last_word(office: Office, job_id: str) -> Json | None:
    job = await office.bot.ports.jobs.load(job_id)
    assert job
    said = await office.messages(job)
    return said[-1] if len(said) > 1 and "done" in str(said[-1]["metadata"]) else None


async def _card_without(office: Office, job_id: str, action_id: str) -> Json | None:
    job = await office.bot.ports.jobs.load(job_id)
    assert job
    card = await office.card(job)
    return None if has_button(card, action_id) else card


async def _card_with(office: Office, job_id: str, action_id: str) -> Json | None:
    job = await office.bot.ports.jobs.load(job_id)
    assert job
    said = await office.messages(job)
    return said[0] if said and has_button(said[0], action_id) else None


async def _decided(office: Office, job_id: str) -> Json | None:
    job = await office.bot.ports.jobs.load(job_id)
    return job.decision.model_dump() if job and job.decision else None


async def _modal(office: Office, slack_id: str) -> Json | None:
    views = (await office.http.get(f"/sandbox/slack/views/{slack_id}")).json()["modals"]
    return next(iter(views), None)
