"""The steps of new-app on memory ports: what they make, what they say, and that a rerun makes nothing twice."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.domain.request import Visibility
from bot.ports.cluster import Health, Sync
from bot.ports.git_host import RenderedFile
from bot.usecases.retry import retry
from tests.builders import ADA, CHIARA, PLATFORM, a_job, an_app_request
from tests.world import World

APP = "idp/payments/checkout-hello-world"
DEPLOYMENT = f"{APP}-deployment"
FULL_NAME = "payments-checkout-hello-world"
URL = "https://hello.dev.example.com"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    await world.jobs.create(a_job())
    world.catalog.is_reading = False
    files: dict[str, bytes] = {}
    world.catalog.files = files
    return world


async def begin(world: World) -> Job:
    """Until everything waits for the world: the catalog cannot see the file yet, so it says so."""
    return await world.advance(a_job())


def serve_the_entity_file(world: World) -> None:
    """The catalog can read what was committed."""
    location = f"{PLATFORM.gitlab_url}/{APP}/-/blob/main/catalog-info.yaml"
    world.catalog.files = {location: entity_file(world)}
    world.catalog.is_reading = True


def entity_file(world: World) -> bytes:
    return world.git.repositories[APP].branches["main"][0].files["catalog-info.yaml"].content


def run_the_pipeline(world: World) -> str:
    """The deploy job pushes; returns the revision that it pushed."""
    world.git.finish_pipeline(APP, world.git.repositories[APP].branches["main"][0].sha)
    image = {"environments/development/image.yaml": RenderedFile(content=b"image: {}\n")}
    return world.git.repositories[DEPLOYMENT].commit(image, message="Deploy", branch="main").sha


async def test_all_goes_well_from_the_request_to_the_url(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    world.cluster.deploy(FULL_NAME, revision=run_the_pipeline(world))
    world.prober.answers.add(URL)

    job = await world.advance(a_job(), by=MINUTE)

    assert {name: record.state for name, record in job.steps.items()} == dict.fromkeys(
        job.steps, StepState.DONE
    )
    assert job.state is JobState.DONE
    assert world.told() == ["card", "done"]


async def test_the_deployment_repository_comes_before_the_code_whose_pipeline_writes_to_it(
    world: World,
) -> None:
    await begin(world)

    made = [path for path in world.git.repositories if path.startswith(APP)]
    assert made == [DEPLOYMENT, APP]
    assert DEPLOYMENT in world.git.repositories
    assert "DEPLOYMENT_TOKEN" in world.git.repositories[APP].variables


async def test_one_manifest_declares_the_environment(world: World) -> None:
    await begin(world)

    files = world.git.repositories[PLATFORM.user_apps_project].branches["main"][-1].files
    manifest = files[f"environments/development/{FULL_NAME}.yaml"].content.decode()
    assert "kind: ApplicationEnvironment" in manifest
    assert f"{DEPLOYMENT}.git" in manifest


@pytest.mark.parametrize(
    "call",
    [
        "ensure_project",
        "ensure_first_files",
        "ensure_push_access",
        "ensure_webhook",
        "ensure_files",
        "register",
    ],
)
async def test_a_lost_answer_makes_nothing_twice(world: World, call: str) -> None:
    """The effect happened, the answer did not arrive: the step runs again and finds what it made."""
    lost = TemporaryError("The connection broke.")
    (world.catalog if call == "register" else world.git).fail_next(
        lost, call=call, after_effect=True
    )
    if call == "register":
        world.catalog.fail_next(TemporaryError("Later."), call="register")
    await begin(world)
    if call == "register":
        serve_the_entity_file(world)

    await world.advance(a_job(), by=MINUTE)
    await world.advance(a_job(), by=5 * MINUTE)

    for path in (APP, DEPLOYMENT, PLATFORM.user_apps_project):
        assert len(world.git.repositories[path].branches["main"]) == 1, path
    assert len(world.catalog.registered) <= 1


async def test_a_project_of_somebody_else_is_left_alone_and_the_job_says_so(world: World) -> None:
    world.git.add_project(DEPLOYMENT, mark=None)

    job = await begin(world)

    record = job.step("create_deployment_repository")
    assert job.state is JobState.FAILED
    assert DEPLOYMENT in record.reason
    assert world.git.repositories[DEPLOYMENT].branches == {}


async def test_a_component_that_another_repository_defines_is_not_taken_for_ours(
    world: World,
) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    elsewhere = "https://gitlab.example.com/other/repository/-/blob/main/catalog-info.yaml"
    world.catalog.files = dict.fromkeys([elsewhere, *world.catalog.files], entity_file(world))
    world.catalog.read(elsewhere)

    job = await world.advance(a_job(), by=MINUTE)

    assert job.state is JobState.FAILED
    assert job.step("register_component").reason.endswith(f"already, from {elsewhere}.")
    assert job.fields_at_fault == ("name",)
    assert world.catalog.registered == []


async def test_a_failed_pipeline_names_the_job_and_shows_the_end_of_its_log(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    sha = world.git.repositories[APP].branches["main"][0].sha
    world.git.finish_pipeline(APP, sha, failed_job="test", log="E  assert 1 == 2")

    job = await world.advance(a_job(), by=MINUTE)

    record = job.step("await_pipeline")
    assert job.state is JobState.FAILED
    assert "test job failed" in record.reason
    assert "assert 1 == 2" in record.reason
    assert "Retry" in record.fix


async def test_a_job_that_no_runner_takes_is_told_of_with_what_to_do(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    usual = (await begin(world)).step("await_pipeline")
    pipelines = world.git.repositories[APP].pipelines
    [(sha, [pipeline])] = pipelines.items()
    lint, *others = pipeline.jobs
    late = lint.model_copy(update={"queued": timedelta(minutes=3)})
    pipelines[sha] = [pipeline.model_copy(update={"jobs": (late, *others)})]

    record = (await world.advance(a_job(), by=MINUTE)).step("await_pipeline")

    assert (usual.reason, usual.cause) == ("a runner to take the pipeline's lint job", "")
    assert (record.state, record.cause) == (StepState.WAITING, "pipeline-no-runner")
    assert "runner" in record.fix


async def test_a_job_that_its_runner_could_not_run_says_so(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    pipelines = world.git.repositories[APP].pipelines
    [sha] = pipelines
    world.git.finish_pipeline(APP, sha, failed_job="lint", log="Preparing environment")
    [failed] = pipelines[sha]
    lint, *others = failed.jobs
    broken = lint.model_copy(update={"failure": "runner_system_failure"})
    pipelines[sha] = [failed.model_copy(update={"jobs": (broken, *others)})]

    record = (await world.advance(a_job(), by=MINUTE)).step("await_pipeline")

    assert "lint job failed (runner_system_failure)" in record.reason
    assert record.cause == "pipeline-runner-broken"


async def deployed(world: World, **changes: Any) -> StepRecord:
    """The step that waits for Argo CD, with an Application that is not quite as it should be."""
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    world.cluster.deploy(FULL_NAME, revision=run_the_pipeline(world))
    application = world.cluster.applications[FULL_NAME].model_copy(update=changes)
    world.cluster.applications[FULL_NAME] = application
    return (await world.advance(a_job(), by=MINUTE)).step("await_deployment")


async def test_what_does_not_run_is_told_in_the_clusters_words_with_what_they_mean(
    world: World,
) -> None:
    world.cluster.troubles[FULL_NAME] = ("container app: ImagePullBackOff: not found", "more")

    record = await deployed(world, health=Health.PROGRESSING)

    assert record.state is StepState.WAITING
    assert record.reason.endswith("(now Progressing): container app: ImagePullBackOff: not found")
    assert record.cause == "image-not-pulled"


async def test_what_argocd_cannot_read_is_told_while_it_is_waited_for(world: World) -> None:
    error = "ComparisonError: Failed to load target state: authentication required"

    record = await deployed(world, sync=Sync.UNKNOWN, errors=(error,))

    assert record.state is StepState.WAITING
    assert error in record.reason
    assert record.cause == "argocd-repository-unreadable"


async def test_a_sync_that_is_tried_again_says_what_was_refused(world: World) -> None:
    said = 'one or more objects failed to apply, reason: admission webhook "kyverno" denied it'

    record = await deployed(
        world, sync=Sync.OUT_OF_SYNC, operation="Running", operation_message=said
    )

    assert (record.state, record.cause) == (StepState.WAITING, "admission-refused")


async def test_a_sync_that_failed_says_why_once_and_where_to_look(world: World) -> None:
    said = "resource :Node is not permitted in project payments"
    errors = (f"SyncError: Failed last sync attempt: {said}",)

    record = await deployed(world, operation="Failed", operation_message=said, errors=errors)

    assert (record.state, record.cause) == (StepState.FAILED, "argocd-project-forbids")
    assert record.reason.count(said) == 1
    assert "https://argocd.example.com/" in record.reason


DOWN = (
    "ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: "
    'code = Unavailable desc = connection error: desc = "transport: dial tcp 10.0.253.32:8081: connection refused"'
)


async def test_an_argocd_whose_own_parts_are_away_is_waited_for_within_the_steps_patience(
    world: World,
) -> None:
    away = {"operation": "Failed", "sync": Sync.UNKNOWN, "errors": (DOWN,)}

    record = await deployed(world, **away)
    late = (await world.advance(a_job(), by=31 * MINUTE)).step("await_deployment")

    assert (record.state, record.cause) == (StepState.WAITING, "argocd-out-of-order")
    assert (late.state, late.cause) == (StepState.FAILED, "argocd-out-of-order")
    assert "After 30 minutes" in late.reason


@pytest.mark.parametrize(
    "refused",
    [
        "SyncError: resource :Node is not permitted in project payments",
        "SyncError: one or more objects failed to apply, reason: failed calling webhook: i/o timeout",
    ],
)
async def test_what_does_not_pass_is_told_at_once_also_beside_what_may(
    world: World, refused: str
) -> None:
    record = await deployed(world, operation="Failed", errors=(DOWN, refused))

    assert record.state is StepState.FAILED


async def test_a_pipeline_that_deployed_nothing_is_no_success(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    world.git.finish_pipeline(APP, world.git.repositories[APP].branches["main"][0].sha)

    job = await world.advance(a_job(), by=MINUTE)

    assert "deployed nothing" in job.step("await_pipeline").reason


async def test_an_application_that_runs_an_older_revision_is_not_done(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    run_the_pipeline(world)
    world.cluster.deploy(FULL_NAME, revision="0" * 40)

    job = await world.advance(a_job(), by=MINUTE)

    assert job.step("await_deployment").state is StepState.WAITING
    assert "Argo CD to sync revision" in job.step("await_deployment").reason


async def test_an_address_that_does_not_answer_is_waited_for_in_its_own_words(
    world: World,
) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    world.cluster.deploy(FULL_NAME, revision=run_the_pipeline(world))
    world.prober.problems[URL] = "the certificate of hello.dev.example.com"

    job = await world.advance(a_job(), by=MINUTE)

    assert job.state is JobState.WAITING
    assert job.step("await_live_url").reason == "the certificate of hello.dev.example.com"


async def test_a_host_that_an_older_route_has_is_told_with_whose_it_is(world: World) -> None:
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    world.cluster.deploy(FULL_NAME, revision=run_the_pipeline(world))
    world.cluster.hosts["hello.dev.example.com"] = "storefront-webshop-hello"
    world.prober.problems[URL] = f"{URL} to answer 200 (it answers 404)"

    record = (await world.advance(a_job(), by=MINUTE)).step("await_live_url")

    assert "of the namespace storefront-webshop-hello, has the host name too" in record.reason
    assert record.cause == "host-taken"
    assert "hostname" in record.fields


async def test_nothing_is_made_before_approval(world: World) -> None:
    waiting = a_job(id="job00002", request=an_app_request(requester=CHIARA, slug="other"))
    await world.jobs.create(waiting)

    job = await world.advance(waiting)

    assert job.state is JobState.WAITING_APPROVAL
    assert not any("other" in path for path in world.git.repositories)
    assert world.told() == ["card", "approval-wanted"]


async def test_a_second_job_for_the_same_names_fails_before_it_makes_anything(
    world: World,
) -> None:
    await world.jobs.reserve({"host": "hello.dev.example.com"}, job_id="job00009", now=world.now())
    await world.jobs.create(a_job(id="job00009"))

    job = await begin(world)

    assert job.state is JobState.FAILED
    assert "job00009" in job.step("plan_app").reason.lower()


async def test_a_full_name_that_helm_refuses_fails_before_anything_is_made(world: World) -> None:
    await world.jobs.create(a_job(id="job00003", request=an_app_request(slug="a" * 36)))

    job = await world.advance(world.jobs.jobs["job00003"])

    assert job.fields_at_fault == ("name",)
    assert "35 characters at most" in job.step("plan_app").reason
    assert not [path for path in world.git.repositories if path.startswith("idp/payments/")]


async def test_a_private_job_that_holds_the_same_names_is_not_named(world: World) -> None:
    await world.jobs.reserve({"host": "hello.dev.example.com"}, job_id="job00009", now=world.now())
    private = an_app_request(visibility=Visibility.PRIVATE)
    await world.jobs.create(a_job(id="job00009", request=private))

    job = await begin(world)

    reason = job.step("plan_app").reason
    assert reason == "Another request is making something of the same name."


async def test_a_job_that_cannot_be_read_and_holds_the_same_names_is_not_named(
    world: World,
) -> None:
    await world.jobs.reserve({"host": "hello.dev.example.com"}, job_id="job00009", now=world.now())
    await world.jobs.create(a_job(id="job00009"))
    world.jobs.unreadable.add("job00009")

    job = await begin(world)

    reason = job.step("plan_app").reason
    assert reason == "Another request is making something of the same name."


async def test_a_missing_team_group_is_a_failure_with_a_fix(world: World) -> None:
    world.git.fail_next(
        PermanentError("GitLab has no group idp/payments.", "Create it."), call="ensure_project"
    )

    job = await begin(world)

    assert job.step("create_deployment_repository").fix == "Create it."


async def test_after_a_retry_what_else_was_waited_for_is_waited_for_anew(world: World) -> None:
    """Nobody looked whether the catalog had read the file by then: the pipeline had failed."""
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await begin(world)
    serve_the_entity_file(world)
    world.catalog.is_reading = False
    job = await world.advance(a_job(), by=MINUTE)
    assert job.step("register_component").state is StepState.WAITING
    first = world.git.repositories[APP].branches["main"][0].sha
    world.git.finish_pipeline(APP, first, failed_job="test", log="E")
    assert (await world.advance(job, by=MINUTE)).state is JobState.FAILED

    world.clock.advance(timedelta(hours=20))
    await world.git.ensure_files(APP, {"x": RenderedFile(content=b"mended")}, message="Mend")
    await retry(job.id, person=ADA, ports=world.ports)
    again = await world.advance(job)

    assert again.state is JobState.WAITING
    assert again.step("register_component").waiting_since == world.now()
