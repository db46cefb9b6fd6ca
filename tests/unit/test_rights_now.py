"""Rights are those of the moment of effect: what somebody may have is asked anew whenever something is to be made."""

from datetime import timedelta

import pytest

from bot.domain import policy
from bot.domain.approval import Verdict
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState, StepState
from bot.domain.policy import Conditions, Policy, Rule, StageRule
from bot.usecases.decide import decide
from bot.usecases.fix_input import fix_input, foresee
from bot.usecases.retry import retry
from tests.builders import ADA, BRUNO, CHIARA, a_person, group
from tests.unit.test_fix_input import APP, asked, failed
from tests.world import World

ADA_AFTERWARDS = a_person("ada", "storefront")
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world() -> World:
    return await a_world()


async def a_world(rules: Policy = policy.DEFAULT) -> World:
    world = World(rules=rules)
    await world.found_platform()
    world.catalog.is_reading = False
    world.catalog.files = {}
    return world


def leaves(world: World) -> None:
    """Ada has left payments, for whom she asked."""
    world.directory.people[ADA.slack_id] = ADA_AFTERWARDS


async def half_made(world: World) -> Job:
    """A request of Ada's that failed before its own repository was made."""
    trouble = PermanentError("The disk is full.", "Empty it.")
    world.git.fail_next(trouble, call="ensure_project", skips=1)
    job = await world.advance(await asked(world))
    assert job.state is JobState.FAILED
    assert APP not in world.git.repositories
    return job


async def test_who_left_the_team_before_it_was_planned_needs_its_approval(world: World) -> None:
    job = await asked(world)
    leaves(world)

    job = await world.advance(job)

    assert job.state is JobState.WAITING_APPROVAL
    assert job.request.requester == ADA, "who asked is kept as they were"


async def test_who_left_the_team_needs_its_approval_for_what_a_retry_would_make(
    world: World,
) -> None:
    job = await half_made(world)
    leaves(world)

    reply = await retry(job.id, person=ADA_AFTERWARDS, ports=world.ports)
    job = await world.advance(job)

    assert reply.accepted
    assert job.state is JobState.WAITING_APPROVAL
    assert APP not in world.git.repositories

    await decide(job.id, person=BRUNO, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    await world.advance(job)

    assert APP in world.git.repositories


async def test_a_retry_asks_nobody_where_nothing_has_changed(world: World) -> None:
    job = await half_made(world)

    await retry(job.id, person=ADA, ports=world.ports)
    job = await world.advance(job)

    assert job.state is not JobState.WAITING_APPROVAL
    assert APP in world.git.repositories
    assert "planned-again" not in [event.what for event in await world.jobs.history(job.id)]


async def test_an_approval_holds_for_a_retry_where_the_same_people_would_have_to_agree(
    world: World,
) -> None:
    job = await world.advance(await asked(world, CHIARA))
    await decide(job.id, person=BRUNO, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    world.git.fail_next(PermanentError("Full.", "Empty it."), call="ensure_project")
    job = await world.advance(job)
    world.directory.people.pop(CHIARA.slack_id)

    await retry(job.id, person=BRUNO, ports=world.ports)
    job = await world.advance(job)

    assert job.state is not JobState.WAITING_APPROVAL
    assert APP in world.git.repositories


async def test_who_left_the_team_needs_its_approval_for_what_a_fix_would_make(
    world: World,
) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    leaves(world)
    other = {"hostname": "mine"}

    foreseen = await foresee(job, other, person=ADA_AFTERWARDS, ports=world.ports)
    await fix_input(job.id, other, person=ADA_AFTERWARDS, ports=world.ports)
    job = await world.advance(job)

    assert foreseen.approval, "it is said before"
    assert job.state is JobState.WAITING_APPROVAL
    assert job.request.requester == ADA


async def test_a_requester_who_is_nobody_any_more_counts_as_a_member_of_nothing(
    world: World,
) -> None:
    job = await half_made(world)
    world.directory.people.pop(ADA.slack_id)

    await retry(job.id, person=BRUNO, ports=world.ports)
    job = await world.advance(job)

    assert job.state is JobState.WAITING_APPROVAL
    assert APP not in world.git.repositories


async def test_an_account_that_belongs_to_somebody_else_by_now_lends_nobody_its_groups(
    world: World,
) -> None:
    job = await half_made(world)
    world.directory.people[ADA.slack_id] = BRUNO.model_copy(update={"slack_id": ADA.slack_id})

    await retry(job.id, person=BRUNO, ports=world.ports)
    job = await world.advance(job)

    assert job.state is JobState.WAITING_APPROVAL


ONLY_GUESTS = Policy(
    rules=(
        Rule(
            name="Guests",
            when=Conditions(requester_in=("guests",)),
            reason="Guests ask first.",
            stages=(StageRule(groups=("payments",)),),
        ),
    )
)


async def test_for_a_requester_who_is_nobody_any_more_nothing_is_made_that_nobody_answers_for() -> (
    None
):
    world = await a_world(ONLY_GUESTS)
    job = await asked(world)
    world.directory.people.pop(ADA.slack_id)

    job = await world.advance(job)

    assert job.state is JobState.FAILED
    assert job.step("plan_app").reason == (
        "Ada, who asked for this, is nobody in the catalog any more, and nobody else answers for it."
    )
    assert job.step("create_app_repository").state is StepState.PENDING


async def test_a_requester_who_cannot_be_looked_up_is_named_where_the_plan_fails(
    world: World,
) -> None:
    job = await asked(world)
    refused = PermanentError("The Slack account U0ADA fits two users.", "Annotate one.")
    world.directory.fail_next(refused, call="whois")

    plan = (await world.advance(job)).step("plan_app")

    assert plan.reason == (
        "It is not known who Ada is by now, who asked for this. The Slack account U0ADA fits two users."
    )
    assert plan.fix == "Annotate one."


async def test_a_change_of_who_has_to_agree_while_somebody_is_asked_is_found_before_anything_is_made() -> (
    None
):
    two = Policy(
        rules=(
            Rule(
                name="Members",
                when=Conditions(requester_in=("payments",)),
                reason="A colleague looks at it.",
                stages=(StageRule(groups=("payments",)),),
            ),
            Rule(name="Others", reason="Who are they?", stages=(StageRule(groups=("platform",)),)),
        )
    )
    world = await a_world(two)
    job = await world.advance(await asked(world))
    leaves(world)

    await decide(job.id, person=BRUNO, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    job = await world.advance(job)

    assert job.state is JobState.WAITING_APPROVAL
    assert job.decisions == ()
    terms = job.step("plan_app").fact
    assert isinstance(terms, dict)
    assert str(group("platform")) in str(terms["approval"])


async def test_while_the_directory_cannot_be_asked_nothing_is_made_and_nothing_fails(
    world: World,
) -> None:
    job = await asked(world)
    world.directory.fail_next(TemporaryError("The catalog is asleep."), call="whois")

    job = await world.advance(job)

    assert job.step("plan_app").state is StepState.RETRYING
    assert APP not in world.git.repositories

    await world.advance(job, by=MINUTE)

    assert APP in world.git.repositories
