"""What was agreed to is the plan: what becomes of an approval when something else would be made."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.memory.announcer import Posted
from bot.domain.approval import Verdict
from bot.domain.errors import TemporaryError
from bot.domain.job import Job, JobState, StepState
from bot.domain.policy import Policy, Rule
from bot.pipeline.approvals import digest_of_plan
from bot.slack import messages
from bot.usecases.ask import ask
from bot.usecases.break_glass import break_glass
from bot.usecases.decide import decide
from bot.usecases.review import review
from bot.usecases.submission import Submission
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, NOON, a_job
from tests.unit.slack_reading import buttons, said
from tests.world import TEMPLATES, World

APP = "idp/payments/checkout-hello"
README = "python-fastapi/skeletons/app/README.md"
DEFINITION = "python-fastapi/template.yaml"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The shipped templates, to be changed."""
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


@pytest.fixture
async def world(templates: Path) -> World:
    world = World(templates=templates)
    await world.found_platform()
    return world


async def waiting(world: World) -> Job:
    """A request on behalf of another team, which has to agree."""
    answers = {
        "name": "Hello",
        "system": "system:default/checkout",
        "description": "Says hello.",
        "hostname": "hello",
        "owner": "group:default/payments",
        "visibility": "internal",
    }
    submission = Submission(
        id="V1", template="python-fastapi", values=answers, requester=CHIARA, channel="C0GENERAL"
    )
    job = await world.advance(await ask(submission, ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


def change(file: Path, text: str = "\n") -> None:
    file.write_text(file.read_text() + text)


async def approve(world: World, job: Job) -> Job:
    reply = await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    assert reply.accepted, reply.text
    return await world.advance(job)


async def test_a_template_that_makes_something_else_by_now_takes_the_ground_from_an_approval(
    world: World, templates: Path
) -> None:
    job = await waiting(world)
    change(templates / README, "More words.\n")

    again = await approve(world, job)

    assert again.state is JobState.WAITING_APPROVAL
    assert again.decision is None
    [void] = again.voided
    assert void.changed == ("Create the application repository: README.md",)
    assert world.told() == [
        "card",
        "approval-wanted",
        "decided",
        "voided:1",
        "approval-wanted#1",
    ]
    assert APP not in world.git.repositories


async def test_a_template_that_still_makes_the_same_keeps_the_approval(
    world: World, templates: Path
) -> None:
    job = await waiting(world)
    change(templates / DEFINITION, "# A remark.\n")

    after = await approve(world, job)

    assert after.voided == ()
    assert after.decision
    assert after.step("create_app_repository").state is StepState.DONE
    history = [event.what for event in await world.jobs.history(job.id)]
    assert history.count("planned-again") == 1


async def test_what_was_made_already_needs_no_second_approval(
    world: World, templates: Path
) -> None:
    job = await waiting(world)
    job = await approve(world, job)
    assert job.step("create_app_repository").state is StepState.DONE

    change(templates / README, "More words.\n")
    after = await world.advance(job)

    assert after.decision
    assert after.voided == ()


async def test_a_plan_that_changes_between_two_repositories_is_asked_about_again(
    world: World, templates: Path
) -> None:
    """The second repository would not be what was agreed to."""
    job = await waiting(world)
    world.git.fail_next(TemporaryError("Later."), call="ensure_project", skips=1)
    await approve(world, job)
    change(templates / README, "Late.\n")

    after = await world.advance(job, by=timedelta(minutes=1))

    assert after.state is JobState.WAITING_APPROVAL, after.steps
    assert f"{APP}-deployment" in world.git.repositories
    assert APP not in world.git.repositories
    assert after.voided[0].changed == ("Create the application repository: README.md",)


async def test_the_decision_says_which_plan_it_was_about(world: World) -> None:
    job = await waiting(world)

    after = await approve(world, job)

    assert after.decision
    assert after.decision.plan == digest_of_plan(after)
    assert len(after.decision.plan) == 64


async def test_time_alone_changes_no_plan(world: World) -> None:
    job = await waiting(world)
    before = digest_of_plan(job)
    other = World()
    await other.found_platform()
    other.clock.advance(other.now() - NOON)

    assert digest_of_plan(await waiting(other)) == before


async def test_a_template_that_comes_out_differently_each_time_is_no_endless_loop(
    world: World, templates: Path
) -> None:
    (templates / README).write_text("${{ lipsum() }}\n")
    await world.jobs.create(a_job())

    job = await world.advance(a_job())

    assert job.state is JobState.FAILED
    assert "has changed since this was planned" in job.step("create_app_repository").reason
    assert job.step("create_app_repository").fix == (
        "Have what keeps changing settled, the template, a setting or who has to agree, then retry."
    )


async def test_a_job_that_was_planned_by_an_older_release_goes_on(world: World) -> None:
    job = await waiting(world)
    plan = job.step("plan_app")
    assert isinstance(plan.fact, dict)
    old = plan.evolve(fact={n: v for n, v in plan.fact.items() if n != "effects"})
    world.jobs.jobs[job.id] = job.model_copy(update={"steps": {**job.steps, "plan_app": old}})

    reply = await decide(
        job.id, person=BRUNO, verdict=Verdict.APPROVED, reason="", ports=world.ports
    )
    after = await world.advance(job)

    assert reply.accepted
    assert after.step("create_app_repository").state is StepState.DONE


async def test_who_was_asked_about_a_plan_that_has_changed_is_asked_anew_and_told_why(
    world: World, templates: Path
) -> None:
    job = await waiting(world)
    change(templates / README, "More words.\n")

    await approve(world, job)

    direct = world.directly()
    assert [key for key, message in direct.items() if message.may_act] == [
        "question:U0ADA#1",
        "question:U0BRUNO#1",
        "question:U0DENIZ#1",
    ]
    for who in ("U0ADA", "U0BRUNO", "U0DENIZ"):
        old, new = direct[f"question:{who}"], direct[f"question:{who}#1"]
        assert "*Void:* what would be made has changed" in said(_drawn(old))
        assert "Approve" in buttons(_drawn(new))


async def test_a_broken_glass_that_does_not_hold_any_more_has_to_be_reviewed_all_the_same(
    templates: Path,
) -> None:
    rule = Rule.model_validate(
        {
            "name": "everything",
            "reason": "It costs money.",
            "stages": [{"groups": "payments"}],
            "break_glass": {
                "groups": "storefront",
                "review": {"groups": "platform", "within": "P1D"},
            },
        }
    )
    world = World(rules=Policy(rules=(rule,)), templates=templates)
    await world.found_platform()
    job = await waiting(world)
    change(templates / README, "More words.\n")

    for _ in range(2):
        reply = await break_glass(job.id, person=CHIARA, reason="Now.", ports=world.ports)
        after = await world.advance(job)
        assert reply.accepted
    reviewed = await review(job.id, person=DENIZ, remark="", ports=world.ports)
    await world.advance(job)

    first = after.voided[0].decisions[0]
    assert (first.verdict, first.plan == digest_of_plan(after)) == (Verdict.BREAK_GLASS, False)
    assert after.unreviewed_glass == after.decision
    assert reviewed.accepted
    told = [key for key in world.told() if key.startswith(("glass", "reviewed"))]
    assert told == ["glass-broken", "glass-broken#1", "reviewed#1"]
    assert "review-wanted:U0DENIZ" in world.directly()
    assert "review-wanted:U0DENIZ#1" in world.directly()
    assert not any(message.may_act for message in world.directly().values())


def _drawn(posted: Posted) -> messages.Message:
    return messages.message(posted.job, posted.notice, may_act=posted.may_act)
