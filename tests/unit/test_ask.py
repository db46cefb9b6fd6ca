"""What becomes of a submitted form, on memory ports."""

from typing import Any

import pytest

from bot.domain.errors import RequestRejected, TemporaryError
from bot.domain.job import Job
from bot.usecases.ask import ask
from bot.usecases.submission import Submission
from tests.builders import ADA
from tests.world import World

VALUES: dict[str, Any] = {
    "name": "Hello World",
    "system": "system:default/checkout",
    "description": "Says hello",
    "hostname": "hello",
    "owner": "group:default/payments",
    "visibility": "internal",
}


def a_submission(view: str = "V1", **changes: Any) -> Submission:
    return Submission(
        id=view,
        template="python-fastapi",
        values={**VALUES, **changes},
        requester=ADA,
        channel="C0GENERAL",
    )


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    return world


async def problems(world: World, **changes: Any) -> dict[str, str]:
    with pytest.raises(RequestRejected) as rejected:
        await ask(a_submission(**changes), ports=world.ports)
    assert world.jobs.jobs == {}
    assert world.jobs.names == {}
    return rejected.value.problems


async def test_a_good_form_becomes_a_job_that_somebody_is_told_of(world: World) -> None:
    job = await ask(a_submission(), ports=world.ports)

    assert isinstance(job, Job)
    assert job.request.slug == "hello-world"
    assert world.scheduler.nudges == [(job.id, None)]
    assert await world.jobs.holder("host", "hello.dev.example.com") == job.id


async def test_the_second_press_finds_the_job_of_the_first(world: World) -> None:
    first = await ask(a_submission(), ports=world.ports)
    second = await ask(a_submission(), ports=world.ports)

    assert second.id == first.id
    assert len(world.jobs.jobs) == 1


async def test_a_second_press_with_other_values_is_told_of_the_first(world: World) -> None:
    first = await ask(a_submission(), ports=world.ports)

    with pytest.raises(RequestRejected) as rejected:
        await ask(a_submission(description="Says goodbye"), ports=world.ports)

    assert first.id in rejected.value.problems["name"]


async def test_two_forms_for_the_same_names_make_one_job(world: World) -> None:
    first = await ask(a_submission("V1"), ports=world.ports)

    with pytest.raises(RequestRejected) as rejected:
        await ask(a_submission("V2"), ports=world.ports)

    assert set(rejected.value.problems) == {"name", "hostname"}
    assert rejected.value.problems["hostname"].endswith("choose another hostname.")
    assert first.id in rejected.value.problems["name"]


@pytest.mark.parametrize("names", [("Shop", "Shop deployment"), ("Shop deployment", "Shop")])
async def test_two_applications_whose_repositories_would_be_the_same_are_not_made_at_once(
    world: World, names: tuple[str, str]
) -> None:
    first, second = names
    made = await ask(a_submission("V1", name=first), ports=world.ports)

    with pytest.raises(RequestRejected) as rejected:
        await ask(a_submission("V2", name=second, hostname="other"), ports=world.ports)

    assert rejected.value.problems == {
        "name": f"One of its repositories would be one that job {made.id} makes; choose another name."
    }
    await world.jobs.free(made.id)
    assert await ask(a_submission("V2", name=second, hostname="other"), ports=world.ports)


async def test_names_that_only_look_alike_stand_in_nobodys_way(world: World) -> None:
    await ask(a_submission("V1", name="Shop"), ports=world.ports)

    assert await ask(a_submission("V2", name="Shop deploy", hostname="other"), ports=world.ports)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "-"),
        ("name", "x" * 41),
        ("hostname", "Upper"),
        ("hostname", "a.b"),
        ("system", "system:default/nowhere"),
        ("owner", "group:default/nobody"),
        ("visibility", "secret"),
        ("description", ""),
        ("system", "not a reference at all"),
    ],
)
async def test_each_field_is_explained_where_it_stands(
    world: World, field: str, value: str
) -> None:
    assert (await problems(world, **{field: value}))[field]


async def test_a_team_without_a_group_in_gitlab_is_told_whom_to_ask(world: World) -> None:
    world.git.groups.pop("idp/payments")

    assert "onboard payments" in (await problems(world))["owner"]


async def test_a_full_name_that_helm_refuses_is_told_before_anything_is_made(world: World) -> None:
    told = await problems(world, name="Price calculator of the whole market")

    assert "shorten the name to 35 characters at most" in told["name"]


@pytest.mark.parametrize("suffix", ["", "-deployment"])
async def test_a_repository_that_exists_takes_the_name(world: World, suffix: str) -> None:
    world.git.add_project(f"idp/payments/checkout-hello-world{suffix}")

    assert "GitLab already has" in (await problems(world))["name"]


async def test_a_namespace_that_exists_takes_the_name(world: World) -> None:
    world.cluster.namespaces.add("payments-checkout-hello-world")

    assert "namespace" in (await problems(world))["name"]


async def test_a_host_that_answers_already_takes_the_hostname(world: World) -> None:
    world.cluster.hosts["hello.dev.example.com"] = "storefront-webshop-other"

    assert "storefront-webshop-other" in (await problems(world))["hostname"]


async def test_a_system_that_does_not_answer_is_no_verdict_on_the_form(world: World) -> None:
    world.git.fail_next(TemporaryError("GitLab does not answer."))

    with pytest.raises(TemporaryError):
        await ask(a_submission(), ports=world.ports)

    assert world.jobs.jobs == {}
