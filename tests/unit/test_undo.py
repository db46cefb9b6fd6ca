"""Taking back what a failed or cancelled request has made: all of it, in reverse, and nothing else."""

from datetime import timedelta

import pytest

from bot.domain.errors import PermanentError, RequestRejected, TemporaryError
from bot.domain.job import Job, JobState, StepState
from bot.pipeline.step import TRIES
from bot.ports.git_host import RenderedFile
from bot.usecases.ask import ask
from bot.usecases.cancel import cancel
from bot.usecases.retry import retry
from bot.usecases.submission import Submission
from bot.usecases.undo import undo, would_do
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, PLATFORM, a_job, a_system_request
from tests.world import World

APP = "idp/payments/checkout-hello-world"
DEPLOYMENT = f"{APP}-deployment"
FULL_NAME = "payments-checkout-hello-world"
MANIFEST = f"environments/development/{FULL_NAME}.yaml"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    await world.jobs.create(a_job())
    world.catalog.is_reading = False
    world.catalog.files = {}
    return world


async def begun_to_make(world: World) -> Job:
    """Until it waits for the pipeline, and for a catalog that is asleep."""
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    return await world.advance(a_job())


async def failed(world: World) -> Job:
    """Everything is made when the first pipeline fails."""
    await begun_to_make(world)
    location = f"{PLATFORM.gitlab_url}/{APP}/-/blob/main/catalog-info.yaml"
    file = world.git.repositories[APP].branches["main"][0].files["catalog-info.yaml"]
    world.catalog.files, world.catalog.is_reading = {location: file.content}, True
    world.cluster.deploy(FULL_NAME, revision="0" * 40)
    sha = world.git.repositories[APP].branches["main"][0].sha
    world.git.finish_pipeline(APP, sha, failed_job="test", log="E  assert 1 == 2")
    job = await world.advance(a_job(), by=MINUTE)
    assert job.state is JobState.FAILED
    assert job.step("register_component").state is StepState.DONE
    return job


async def asked(world: World, view: str = "V1", name: str = "Hello") -> Job:
    values = {
        "name": name,
        "system": "system:default/checkout",
        "description": "Says hello.",
        "hostname": "hello",
        "owner": "group:default/payments",
        "visibility": "internal",
    }
    submission = Submission(
        id=view,
        template="python-fastapi",
        values=values,
        requester=ADA,
        channel="C0GENERAL",
    )
    return await ask(submission, ports=world.ports)


def manifests(world: World) -> set[str]:
    files = world.git.repositories[PLATFORM.user_apps_project].branches["main"][-1].files
    return {path for path in files if path.startswith("environments/")}


async def begun(world: World, job: Job) -> Job:
    reply = await undo(job.id, person=ADA, ports=world.ports)
    assert reply.accepted, reply.text
    return await world.advance(job)


async def test_everything_goes_in_reverse_and_the_card_tells_what_became_of_it(
    world: World,
) -> None:
    job = await failed(world)

    waiting = await begun(world, job)
    assert waiting.state is JobState.UNDOING
    assert waiting.step("undo:declare_environment").state is StepState.WAITING
    assert DEPLOYMENT in world.git.repositories, "the cluster still deploys from it"
    world.cluster.namespaces.clear()
    undone = await world.advance(job, by=MINUTE)

    assert undone.state is JobState.UNDONE
    assert undone.ending == "Undone, as Ada asked."
    assert not {APP, DEPLOYMENT} & set(world.git.repositories)
    assert manifests(world) == set()
    assert world.catalog.registered == []
    assert world.told()[-1] == "undone"
    assert await world.jobs.holder("component", "checkout-hello-world") is None


async def test_what_would_be_done_is_said_before_in_the_same_order(world: World) -> None:
    job = await failed(world)

    assert would_do(job) == (
        "Take the component out of the catalog",
        "Take the environment down",
        "Remove the application repository",
        "Remove the deployment repository",
    )


@pytest.mark.parametrize("call", ["remove_project", "remove_files", "unregister"])
async def test_a_lost_answer_on_the_way_back_is_no_obstacle(world: World, call: str) -> None:
    job = await failed(world)
    world.cluster.namespaces.clear()
    lost = TemporaryError("The connection broke.")
    (world.catalog if call == "unregister" else world.git).fail_next(
        lost, call=call, after_effect=True
    )

    await begun(world, job)
    undone = await world.advance(job, by=5 * MINUTE)

    assert undone.state is JobState.UNDONE
    assert not {APP, DEPLOYMENT} & set(world.git.repositories)


async def test_a_way_back_that_waits_is_looked_at_when_its_own_pause_ends(world: World) -> None:
    """The catalog was still asleep when the pipeline failed: nobody works on its step any more."""
    await begun_to_make(world)
    world.cluster.deploy(FULL_NAME, revision="0" * 40)
    sha = world.git.repositories[APP].branches["main"][0].sha
    world.git.finish_pipeline(APP, sha, failed_job="test", log="E  assert 1 == 2")
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    job = await world.advance(a_job(), by=MINUTE)
    assert job.step("register_component").state is StepState.RETRYING

    await undo(job.id, person=ADA, ports=world.ports)
    waiting = await world.advance(job, by=MINUTE)

    assert waiting.state is JobState.UNDOING
    look_at = waiting.step("undo:declare_environment").look_at
    assert look_at
    assert look_at > world.now()
    assert world.scheduler.nudges[-1] == (job.id, look_at)


async def test_what_was_cut_short_is_taken_back_too(world: World) -> None:
    for _ in range(TRIES):
        world.git.fail_next(TemporaryError("GitLab is down."), call="ensure_first_files")
    job = await world.advance(a_job())
    for _ in range(TRIES):
        job = await world.advance(job, by=5 * MINUTE)
    assert job.state is JobState.FAILED
    assert DEPLOYMENT in world.git.repositories

    undone = await begun(world, job)

    assert undone.state is JobState.UNDONE
    assert DEPLOYMENT not in world.git.repositories


async def test_what_others_made_stays(world: World) -> None:
    world.git.add_project(DEPLOYMENT, mark="another")
    job = await world.advance(a_job())
    assert job.state is JobState.FAILED

    undone = await begun(world, job)

    assert undone.state is JobState.UNDONE
    assert DEPLOYMENT in world.git.repositories
    assert "stays" in str(undone.step("undo:create_deployment_repository").fact)


async def test_a_manifest_of_another_job_stays(world: World) -> None:
    job = await failed(world)
    theirs = "metadata: {annotations: {idp.internal/job: another}}\n"
    repository = world.git.repositories[PLATFORM.user_apps_project]
    files = {MANIFEST: RenderedFile(content=theirs.encode())}
    repository.commit(files, message="Theirs", branch="main")
    world.cluster.namespaces.clear()

    undone = await begun(world, job)

    assert undone.state is JobState.UNDONE
    assert manifests(world) == {MANIFEST}


async def test_projects_are_archived_where_gitlab_keeps_the_deleted_for_days(world: World) -> None:
    world.git.delays_deletion = True
    job = await failed(world)
    world.cluster.namespaces.clear()

    undone = await begun(world, job)

    assert undone.state is JobState.UNDONE
    assert world.git.repositories[APP].is_archived
    assert "archived" in str(undone.step("undo:create_app_repository").fact)


async def test_a_cancelled_request_can_be_undone(world: World) -> None:
    job = await begun_to_make(world)
    await cancel(job.id, person=ADA, ports=world.ports)
    job = await world.advance(job)
    assert job.state is JobState.CANCELLED

    undone = await begun(world, job)

    assert undone.state is JobState.UNDONE
    assert not {APP, DEPLOYMENT} & set(world.git.repositories)


async def test_what_a_cancelled_request_has_made_keeps_its_names_until_it_is_undone(
    world: World,
) -> None:
    job = await asked(world)
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await world.advance(job)
    await cancel(job.id, person=ADA, ports=world.ports)
    await world.advance(job)
    assert manifests(world), "there is no route yet that would say whose the host is"

    with pytest.raises(RequestRejected) as refused:
        await asked(world, "V2", name="Other")
    await begun(world, job)
    other = await asked(world, "V2", name="Other")

    assert f"belongs to job {job.id}, which was cancelled" in refused.value.problems["hostname"]
    assert await world.jobs.holder("host", "hello.dev.example.com") == other.id


async def test_a_failure_on_the_way_back_is_retried_from_there(world: World) -> None:
    job = await failed(world)
    await begun(world, job)
    stuck = await world.advance(job, by=timedelta(minutes=31))
    assert stuck.state is JobState.FAILED
    assert "Argo CD to take the environment down" in stuck.step("undo:declare_environment").reason

    world.cluster.namespaces.clear()
    reply = await retry(job.id, person=ADA, ports=world.ports)
    undone = await world.advance(job)

    assert reply.accepted
    assert undone.state is JobState.UNDONE
    assert undone.step("await_pipeline").state is StepState.FAILED, "it is not begun anew"


async def test_the_way_back_is_neither_cancelled_nor_begun_twice(world: World) -> None:
    job = await failed(world)
    await begun(world, job)

    again = await undo(job.id, person=BRUNO, ports=world.ports)
    stopped = await cancel(job.id, person=BRUNO, ports=world.ports)

    assert (again.accepted, stopped.accepted) == (False, False)


async def test_only_those_whom_it_concerns_may_undo(world: World) -> None:
    job = await failed(world)

    refused = await undo(job.id, person=CHIARA, ports=world.ports)
    allowed = await undo(job.id, person=DENIZ, ports=world.ports)

    assert "Only Ada" in refused.text
    assert allowed.accepted


async def test_there_is_nothing_to_undo_where_nothing_was_made(world: World) -> None:
    await world.jobs.create(a_job(id="job00002", request=a_system_request()))
    job = await world.advance(a_job(id="job00002"))
    await cancel(job.id, person=ADA, ports=world.ports)
    job = await world.advance(job)

    reply = await undo(job.id, person=ADA, ports=world.ports)

    assert not reply.accepted
    assert "made nothing" in reply.text


async def test_a_failed_request_that_made_nothing_gives_its_names_free(world: World) -> None:
    job = await asked(world)
    world.directory.fail_next(PermanentError("Ada is nobody.", "Press Undo."), call="whois")
    job = await world.advance(job)
    assert job.state is JobState.FAILED
    assert would_do(job) == ()

    reply = await undo(job.id, person=BRUNO, ports=world.ports)
    undone = await world.advance(job)
    other = await asked(world, "V2")

    assert "its names become free" in reply.text
    assert undone.state is JobState.UNDONE
    assert await world.jobs.holder("host", "hello.dev.example.com") == other.id
