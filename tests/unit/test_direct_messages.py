"""Who is asked by direct message, and that each of these says at any time how things stand."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from bot.adapters.memory.lease import MemoryLease
from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState
from bot.domain.policy import Policy, Rule, StageRule
from bot.slack import messages
from bot.usecases.ask import ask
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.submission import Submission
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, a_person
from tests.unit.slack_reading import buttons, said
from tests.world import World

HOUR = timedelta(hours=1)
QUESTIONS = ["question:U0ADA", "question:U0BRUNO"]
SIMPLE = Rule(name="x", reason="It costs money.", stages=(StageRule(groups=("payments",)),))
STAGES = SIMPLE.model_copy(
    update={"stages": (StageRule(groups=("payments",), needed=2), StageRule(groups=("platform",)))}
)
SLOW = Rule.model_validate(
    SIMPLE.model_dump(exclude_unset=True)
    | {
        "remind_after": HOUR,
        "escalate_after": 2 * HOUR,
        "escalate_to": "platform",
        "expires_after": 3 * HOUR,
    }
)


async def a_world(rule: Rule, *more: Person) -> World:
    world = World(rules=Policy(rules=(rule,)))
    world.directory.people |= {person.slack_id: person for person in more}
    await world.found_platform()
    return world


async def asked(world: World) -> Job:
    submission = Submission(
        id="V1",
        template="system",
        values={
            "name": "Gift Cards",
            "description": "Money as a gift.",
            "owner": "group:default/payments",
        },
        requester=CHIARA,
        channel="C0GENERAL",
    )
    job = await world.advance(await ask(submission, ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


async def say(world: World, job: Job, person: Person, verdict: Verdict = Verdict.APPROVED) -> None:
    reply = await decide(job.id, person=person, verdict=verdict, reason="So.", ports=world.ports)
    assert reply.accepted, reply.text
    await world.advance(job)


def live(world: World) -> list[str]:
    """The direct messages that offer to decide, by what stands in them."""
    return [key for key in world.directly() if buttons(drawn(world, key))]


def drawn(world: World, key: str) -> messages.Message:
    posted = world.directly()[key]
    return messages.message(posted.job, posted.notice, may_act=posted.may_act)


def all_say(world: World, words: str, keys: Iterable[str] = ()) -> bool:
    return all(words in said(drawn(world, key)) for key in keys or world.directly())


async def test_whoever_may_decide_is_asked_once_and_the_requester_is_not() -> None:
    world = await a_world(SIMPLE, CHIARA.model_copy(update={"groups": ADA.groups}))
    job = await asked(world)
    await world.advance(job)

    assert live(world) == list(world.directly()) == QUESTIONS


async def test_at_most_fifteen_are_asked() -> None:
    many = [a_person(f"p{number:02}", "payments") for number in range(40)]
    world = await a_world(SIMPLE, *many)
    await asked(world)

    assert len(world.directly()) == 15


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.APPROVED, "*Approved*"), (Verdict.DENIED, "*Denied*")]
)
async def test_every_direct_message_shows_the_decision_by_whom_when_and_why(
    verdict: Verdict, told: str
) -> None:
    world = await a_world(SIMPLE)
    job = await asked(world)

    await say(world, job, ADA, verdict)

    at = int(job.created_at.timestamp())
    assert all_say(world, f"{told} by <@U0ADA> · <!date^{at}^")
    assert all_say(world, "So.")
    assert (live(world), list(world.directly())) == ([], QUESTIONS)


async def test_every_direct_message_shows_that_it_was_cancelled() -> None:
    world = await a_world(SIMPLE)
    job = await asked(world)

    await cancel(job.id, person=CHIARA, ports=world.ports)
    await world.advance(job)

    assert all_say(world, "*Ended:* Cancelled by Chiara. · <!date^")
    assert live(world) == []


async def test_who_has_agreed_is_asked_no_more_and_the_next_stage_is() -> None:
    world = await a_world(STAGES)
    job = await asked(world)

    await say(world, job, ADA)
    first = live(world)
    await say(world, job, BRUNO)

    assert first == ["question:U0BRUNO"]
    assert live(world) == ["question:U0DENIZ"]
    assert all_say(world, "This waits for others now: members of platform.", QUESTIONS)
    assert all_say(world, "*Agreed:* <@U0ADA>: So.")


async def test_a_reminder_asks_again_with_the_buttons_at_hand_and_only_those_who_may_decide() -> (
    None
):
    world = await a_world(SLOW)
    job = await asked(world)

    await world.advance(job, by=HOUR)
    await world.advance(job, by=HOUR / 2)

    again = ["question-again:U0ADA", "question-again:U0BRUNO"]
    assert list(world.directly()) == live(world) == [*QUESTIONS, *again]


async def test_an_escalation_asks_those_who_may_decide_now_too_and_once() -> None:
    world = await a_world(SLOW)
    job = await asked(world)
    for _ in range(2):
        await world.advance(job, by=HOUR)
    await world.advance(job, by=HOUR / 2)

    assert [key for key in world.directly() if "DENIZ" in key] == ["question-again:U0DENIZ"]
    await say(world, job, DENIZ)
    assert live(world) == []
    assert all_say(world, "*Approved* by <@U0DENIZ>")


async def test_every_direct_message_shows_that_nobody_decided_in_time() -> None:
    world = await a_world(SLOW)
    job = await asked(world)
    for _ in range(3):
        await world.advance(job, by=HOUR)

    assert len(world.directly()) == 5
    assert all_say(world, "Nobody decided within the time allowed")
    assert live(world) == []


async def test_who_has_left_the_group_has_no_buttons_from_the_next_look_on() -> None:
    world = await a_world(SLOW)
    job = await asked(world)
    world.directory.people["U0BRUNO"] = BRUNO.model_copy(update={"groups": frozenset()})

    await world.advance(job, by=HOUR)

    assert live(world) == ["question:U0ADA", "question-again:U0ADA"]


async def test_an_update_that_slack_refuses_for_now_is_made_soon_after() -> None:
    world = await a_world(SIMPLE)
    job = await asked(world)
    for _ in range(9):
        world.announcer.fail_next(TemporaryError("Slack is down."), call="refresh")
    await say(world, job, ADA, Verdict.DENIED)
    assert live(world) == QUESTIONS
    world.announcer._waiting.clear()

    assert world.jobs.due_at[job.id] <= world.now() + timedelta(seconds=15)
    await world.advance(job, by=timedelta(seconds=15))

    assert all_say(world, "*Denied* by <@U0ADA>")
    assert job.id not in world.jobs.due_at


async def test_a_question_that_slack_refuses_for_now_is_asked_soon_after() -> None:
    world = await a_world(SIMPLE)
    for _ in range(9):
        world.announcer.fail_next(TemporaryError("Slack is down."), call="post")
    job = await asked(world)
    world.announcer._waiting.clear()

    assert world.jobs.due_at[job.id] <= world.now() + timedelta(seconds=15)
    await world.advance(job, by=timedelta(seconds=15))

    assert live(world) == QUESTIONS
    assert world.jobs.due_at[job.id] == job.created_at + timedelta(days=3)


async def test_one_who_cannot_be_asked_keeps_nobody_else_waiting() -> None:
    world = await a_world(SIMPLE)
    refused = PermanentError("Slack refused (user_disabled).", "Look it up.")
    world.announcer.fail_next(refused, call="post", skips=2)

    job = await asked(world)

    assert live(world) == QUESTIONS[1:]
    assert world.jobs.due_at[job.id] == job.created_at + timedelta(days=3)


async def test_whoever_may_decide_is_asked_also_where_slack_takes_no_reply_in_the_thread() -> None:
    world = await a_world(SIMPLE)
    refused = PermanentError("Slack refused (is_archived).", "Ask elsewhere.")
    world.announcer.fail_next(refused, call="post", skips=1)

    job = await asked(world)

    assert world.told() == ["card"]
    assert live(world) == QUESTIONS
    assert world.jobs.due_at[job.id] == job.created_at + timedelta(days=3)


class Crash(BaseException):
    """The process is gone."""


async def killed_after_asking_bruno(world: World, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Bruno has his question, but nobody has written down where."""
    write = MemoryLease.write_message

    async def dies(lease: MemoryLease, key: str, ref: object) -> None:
        if key == "question:U0BRUNO" and ref:
            raise Crash
        await write(lease, key, ref)  # type: ignore[arg-type] # handed on as it came

    with monkeypatch.context() as patch:
        patch.setattr(MemoryLease, "write_message", dies)
        with pytest.raises(BaseExceptionGroup):
            await asked(world)
    world.jobs.leases.clear()
    [job] = world.jobs.jobs.values()
    return job


async def test_a_question_is_not_asked_again_by_the_successor_of_a_worker_that_died(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await a_world(SIMPLE)
    job = await killed_after_asking_bruno(world, monkeypatch)

    await world.advance(job)

    assert live(world) == QUESTIONS


async def test_a_question_that_a_dead_worker_asked_is_found_and_closed_after_the_decision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await a_world(SIMPLE)
    job = await killed_after_asking_bruno(world, monkeypatch)

    await say(world, job, ADA)

    assert all_say(world, "*Approved* by <@U0ADA>", QUESTIONS)
    assert live(world) == []


async def test_a_question_that_was_never_asked_is_not_looked_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await a_world(SIMPLE)
    job = await killed_after_asking_bruno(world, monkeypatch)
    world.announcer.posted.pop()

    await say(world, job, ADA)

    assert list(world.directly()) == QUESTIONS[:1]
    nowhere = world.jobs.jobs[job.id].messages["question:U0BRUNO"]
    assert nowhere
    assert not nowhere.is_there
