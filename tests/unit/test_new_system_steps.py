"""The steps of new-system on memory ports: whose system it is, and who may take it back."""

import pytest

from bot.domain.approval import Verdict
from bot.domain.entities import Person, entity_ref
from bot.domain.errors import RequestRejected
from bot.domain.job import Job, JobState
from bot.ports.git_host import RenderedFile
from bot.usecases.ask import ask
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.submission import Submission
from bot.usecases.undo import undo
from tests.builders import ADA, BRUNO, DENIZ, PLATFORM
from tests.world import World

FILE = "systems/loyalty.yaml"
CATALOG = f"{PLATFORM.gitlab_url}/{PLATFORM.catalog_project}/-/blob/main"
LOYALTY = entity_ref("loyalty", kind="system")
ENTITY = b"""apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: loyalty}
spec: {owner: group:default/payments}
"""


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    world.catalog.files = {f"{CATALOG}/{FILE}": ENTITY}
    return world


async def asked(world: World, requester: Person, view: str = "V1") -> Job:
    values = {"name": "Loyalty", "description": "Points", "owner": "group:default/payments"}
    submission = Submission(
        id=view, template="system", values=values, requester=requester, channel="C0GENERAL"
    )
    return await world.advance(await ask(submission, ports=world.ports))


async def approved(world: World, requester: Person, view: str = "V1") -> Job:
    job = await asked(world, requester, view)
    await decide(job.id, person=DENIZ, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    return await world.advance(job)


async def cancelled_while_the_catalog_sleeps(world: World) -> Job:
    world.catalog.is_reading = False
    job = await approved(world, ADA)
    await cancel(job.id, person=ADA, ports=world.ports)
    job = await world.advance(job)
    assert job.state is JobState.CANCELLED
    world.catalog.is_reading = True
    return job


def committed(world: World) -> set[str]:
    return set(world.git.repositories[PLATFORM.catalog_project].branches["main"][-1].files)


async def undone(world: World, job: Job) -> Job:
    reply = await undo(job.id, person=ADA, ports=world.ports)
    assert reply.accepted, reply.text
    return await world.advance(job)


async def test_a_cancelled_system_is_nobody_elses_until_it_is_undone(world: World) -> None:
    cancelled = await cancelled_while_the_catalog_sleeps(world)

    with pytest.raises(RequestRejected) as refused:
        await approved(world, BRUNO, view="V2")
    assert refused.value.problems == {
        "name": f"“loyalty” belongs to job {cancelled.id}, which was cancelled and may have left things "
        "behind; have that job undone, or choose another name."
    }
    assert (await undone(world, cancelled)).state is JobState.UNDONE
    assert FILE not in committed(world)
    made = await approved(world, BRUNO, view="V2")

    assert made.state is JobState.DONE
    assert FILE in committed(world)
    assert await world.catalog.find(LOYALTY)


async def test_a_request_that_made_nothing_frees_its_names_when_it_is_cancelled(
    world: World,
) -> None:
    job = await asked(world, ADA)
    await cancel(job.id, person=ADA, ports=world.ports)
    await world.advance(job)

    assert (await approved(world, BRUNO, view="V2")).state is JobState.DONE


async def test_a_system_whose_file_was_changed_stays_in_the_catalog_with_its_file(
    world: World,
) -> None:
    cancelled = await cancelled_while_the_catalog_sleeps(world)
    world.catalog.read(f"{CATALOG}/{FILE}")
    theirs = {FILE: RenderedFile(content=ENTITY)}
    world.git.repositories[PLATFORM.catalog_project].commit(theirs, message="Ours", branch="main")

    job = await undone(world, cancelled)

    assert job.state is JobState.UNDONE
    assert FILE in committed(world)
    assert await world.catalog.find(LOYALTY)
    assert "changed since" in str(job.step("undo:await_catalog_entry").fact)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://gitlab.example.com/other/repo/-/blob/main/system.yaml", f"{CATALOG}/other.yaml"],
)
async def test_a_system_that_another_file_defines_is_not_taken_for_ours(
    world: World, elsewhere: str
) -> None:
    world.catalog.is_reading = False
    world.catalog.files = {elsewhere: ENTITY, f"{CATALOG}/{FILE}": ENTITY}
    job = await asked(world, ADA)
    world.catalog.read(elsewhere)
    await decide(job.id, person=DENIZ, verdict=Verdict.APPROVED, reason="", ports=world.ports)

    job = await world.advance(job)

    assert job.state is JobState.FAILED
    entry = job.step("await_catalog_entry")
    assert entry.reason == f"The catalog has system:default/loyalty already, from {elsewhere}."
    assert entry.cause == "catalog-duplicate-entity"
    assert job.fields_at_fault == ("name",)
