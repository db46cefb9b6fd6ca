"""How an approval goes: who is asked when, who is told what, and when the job goes on."""

from datetime import timedelta

import pytest

from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.domain.job import Job, JobState, StepState
from bot.domain.policy import Policy, Rule, StageRule
from bot.usecases.ask import ask
from bot.usecases.decide import decide
from bot.usecases.reply import Reply
from bot.usecases.submission import Submission
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, a_person
from tests.world import World

HOUR = timedelta(hours=1)
PAYMENTS, PLATFORM = "group:default/payments", "group:default/platform"
TWO_STAGES = Policy(
    rules=(
        Rule(
            name="everything",
            reason="It costs money.",
            stages=(
                StageRule(groups=("payments",), needed=2),
                StageRule(groups=("platform",)),
            ),
        ),
    )
)
SLOW = Policy(
    rules=(
        Rule(
            name="everything",
            reason="It costs money.",
            stages=(StageRule(groups=("payments",)),),
            remind_after=HOUR,
            escalate_after=2 * HOUR,
            escalate_to=("platform",),
        ),
    )
)
FATMA = a_person("fatma", "payments")


async def asked(world: World, requester: Person = CHIARA) -> Job:
    """A new system, at the point where somebody has to agree."""
    await world.found_platform()
    submission = Submission(
        id="V1",
        template="system",
        values={"name": "Gift Cards", "description": "Money as a gift.", "owner": PAYMENTS},
        requester=requester,
        channel="C0GENERAL",
    )
    job = await world.advance(await ask(submission, ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


async def say(world: World, job: Job, person: Person, verdict: Verdict = Verdict.APPROVED) -> Reply:
    reply = await decide(job.id, person=person, verdict=verdict, reason="So.", ports=world.ports)
    await world.advance(job)
    return reply


async def test_every_stage_is_asked_for_and_the_job_goes_on_after_the_last_one() -> None:
    world = World(rules=TWO_STAGES)
    job = await asked(world)

    replies = [await say(world, job, person) for person in (ADA, BRUNO, DENIZ)]

    assert [reply.text for reply in replies] == [
        "You approved “Gift Cards”. It waits for 1 more of payments.",
        "You approved “Gift Cards”. It waits for 1 more of platform.",
        "You approved “Gift Cards”.",
    ]
    assert world.told()[:6] == [
        "card",
        "approval-wanted",
        "agreed:1",
        "agreed:2",
        "approval-wanted:stage-2",
        "decided",
    ]
    assert world.jobs.jobs[job.id].step("add_system_to_catalog").state is StepState.DONE


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (CHIARA, "You asked for this yourself"),
        (DENIZ, "Only members of payments"),
        (ADA, "You have agreed already"),
    ],
)
async def test_who_may_not_decide_at_this_stage_is_told_why(person: Person, told: str) -> None:
    world = World(rules=TWO_STAGES)
    job = await asked(world)
    await say(world, job, ADA)

    reply = await say(world, job, person)

    assert not reply.accepted
    assert told in reply.text
    assert len(world.jobs.jobs[job.id].decisions) == 1


async def test_a_denial_in_a_later_stage_ends_it() -> None:
    world = World(rules=TWO_STAGES)
    job = await asked(world)
    await say(world, job, ADA)
    await say(world, job, FATMA)

    await say(world, job, DENIZ, Verdict.DENIED)

    ended = world.jobs.jobs[job.id]
    assert ended.state is JobState.CANCELLED
    assert ended.ending == "Denied by Deniz: So."


async def test_who_does_not_answer_is_reminded_once_and_then_others_may_decide() -> None:
    world = World(rules=SLOW)
    job = await asked(world)
    early = await say(world, job, DENIZ)

    for _ in range(3):
        job = await world.advance(job, by=HOUR)
    late = await say(world, job, DENIZ)

    assert (early.accepted, late.accepted) == (False, True)
    assert world.told()[:5] == ["card", "approval-wanted", "reminder", "escalated", "decided"]


async def test_a_reminder_comes_by_itself_although_nothing_happens() -> None:
    world = World(rules=SLOW)
    job = await asked(world)

    assert job.step("await_approval").look_at == job.created_at + HOUR


async def test_nobody_is_reminded_of_what_has_been_decided() -> None:
    world = World(rules=SLOW)
    job = await asked(world)
    await say(world, job, ADA)

    await world.advance(job, by=3 * HOUR)

    assert not {"reminder", "escalated"} & set(world.told())


async def test_nobody_is_reminded_early_although_the_clock_goes_on_while_a_worker_looks() -> None:
    world = World(rules=SLOW)
    world.clock.tick = timedelta(milliseconds=1)
    job = await asked(world)

    await world.advance(job, by=HOUR / 2)
    early = world.told()
    await world.advance(job, by=HOUR / 2)

    assert early == ["card", "approval-wanted"]
    assert world.told() == [*early, "reminder"]


@pytest.mark.parametrize("verdict", [Verdict.APPROVED, Verdict.DENIED])
async def test_after_the_time_to_decide_nobody_does_although_no_worker_has_looked(
    verdict: Verdict,
) -> None:
    world = World()
    job = await asked(world)
    world.clock.advance(timedelta(days=3))

    reply = await say(world, job, DENIZ, verdict)

    assert not reply.accepted
    assert reply.text.startswith("The time to decide was over at ")
    assert world.jobs.jobs[job.id].decisions == ()
