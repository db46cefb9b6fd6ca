"""Going ahead without approval: who may, who is told, and who looks at it afterwards."""

from datetime import timedelta

import pytest

from bot.adapters.memory.lease import MemoryLease
from bot.domain.approval import Verdict, standing
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState
from bot.domain.policy import BreakGlassRule, Policy, ReviewRule, Rule, StageRule
from bot.pipeline.approvals import terms_of
from bot.usecases.ask import ask
from bot.usecases.break_glass import break_glass
from bot.usecases.decide import decide
from bot.usecases.forget import forget
from bot.usecases.reply import Reply
from bot.usecases.review import review
from bot.usecases.submission import Submission
from tests.builders import ADA, CHIARA, DENIZ, PLATFORM, a_person
from tests.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ELIF = a_person("elif", "platform")
FATMA = a_person("fatma", "oncall")
GLASS = Rule(
    name="everything",
    reason="It costs money.",
    stages=(StageRule(groups=("payments",)), StageRule(groups=("platform",))),
    break_glass=BreakGlassRule(
        groups=("oncall", "storefront"),
        review=ReviewRule(groups=("platform",), within=DAY),
    ),
)
FILE = f"{PLATFORM.gitlab_url}/{PLATFORM.catalog_project}/-/blob/main/systems/gift-cards.yaml"
ENTITY = b"""
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: gift-cards}
spec: {owner: group:default/payments}
"""
REVIEWED = [
    "question:U0ADA",
    "question:U0BRUNO",
    "review-wanted:U0DENIZ",
    "review-wanted:U0ELIF",
    "glass-told:U0ADA",
    "glass-told:U0BRUNO",
]


@pytest.fixture
async def world() -> World:
    world = World(rules=Policy(rules=(GLASS,)))
    for person in (ELIF, FATMA):
        world.directory.people[person.slack_id] = person
    await world.found_platform()
    return world


async def asked(world: World, requester: Person = CHIARA) -> Job:
    submission = Submission(
        id="V1",
        template="system",
        values={
            "name": "Gift Cards",
            "description": "Money as a gift.",
            "owner": "group:default/payments",
        },
        requester=requester,
        channel="C0GENERAL",
    )
    job = await world.advance(await ask(submission, ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


async def breaks(
    world: World, job: Job, person: Person = FATMA, reason: str = "The shop is down."
) -> Reply:
    reply = await break_glass(job.id, person=person, reason=reason, ports=world.ports)
    await world.advance(job)
    return reply


async def reviews(world: World, job: Job, person: Person = DENIZ, remark: str = "") -> Reply:
    reply = await review(job.id, person=person, remark=remark, ports=world.ports)
    await world.advance(job)
    return reply


async def failed_after_glass(world: World) -> Job:
    """Ended, with its review open."""
    world.git.fail_next(PermanentError("GitLab says no.", "Ask."), call="ensure_files")
    job = await asked(world)
    await breaks(world, job)
    ended = now(world, job)
    assert ended.state is JobState.FAILED
    return ended


def now(world: World, job: Job) -> Job:
    return world.jobs.jobs[job.id]


@pytest.mark.parametrize("person", [FATMA, CHIARA], ids=["on call", "the requester"])
async def test_who_may_break_the_glass_lets_it_go_ahead_at_once(
    world: World, person: Person
) -> None:
    job = await asked(world)

    reply = await breaks(world, job, person)

    assert reply.accepted
    settled = now(world, job)
    assert settled.decision
    assert (settled.decision.verdict, settled.decision.by) == (Verdict.BREAK_GLASS, person)
    assert settled.step("await_approval").state == "done"
    assert settled.step("add_system_to_catalog").state == "done"


@pytest.mark.parametrize(
    ("person", "reason", "told"),
    [
        (DENIZ, "Now.", "Only members of oncall or storefront can break the glass."),
        (FATMA, "  ", "Say why it cannot wait"),
    ],
)
async def test_nothing_goes_ahead_without_the_right_or_a_reason(
    world: World, person: Person, reason: str, told: str
) -> None:
    job = await asked(world)

    reply = await breaks(world, job, person, reason)

    assert not reply.accepted
    assert told in reply.text
    assert now(world, job).decisions == ()
    assert (world.audit.entries[-1].kind, world.audit.entries[-1].what) == (
        "refusal",
        "break-glass",
    )


async def test_where_the_rule_has_no_break_glass_nobody_may() -> None:
    world = World(rules=Policy(rules=(GLASS.model_copy(update={"break_glass": None}),)))
    await world.found_platform()
    job = await asked(world)

    reply = await breaks(world, job)

    assert "has no break-glass" in reply.text


async def test_who_comes_after_the_glass_was_broken_is_told_so(world: World) -> None:
    job = await asked(world)
    await breaks(world, job)

    again = await breaks(world, job, CHIARA)
    late = await decide(job.id, person=ADA, verdict=Verdict.DENIED, reason="No.", ports=world.ports)

    told = "Fatma broke the glass already, so this went ahead."
    assert [again, late] == [Reply(accepted=False, text=told)] * 2


async def test_it_settles_every_stage_whoever_has_agreed_by_then(world: World) -> None:
    job = await asked(world)
    await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="Hm.", ports=world.ports)
    await breaks(world, job)

    settled = now(world, job)
    terms = terms_of(settled)
    assert terms
    assert standing(terms, settled.decisions, now=world.now()).settled is Verdict.BREAK_GLASS
    assert [each.verdict for each in settled.decisions] == ["approved", "break-glass"]


async def test_everybody_is_told_and_another_one_is_asked_to_review_it(world: World) -> None:
    job = await asked(world)

    await breaks(world, job)

    assert world.told()[:3] == ["card", "approval-wanted", "glass-broken"]
    assert list(world.directly()) == REVIEWED
    assert [key for key, m in world.directly().items() if m.may_act] == REVIEWED[2:4]


async def test_neither_who_broke_the_glass_nor_who_gained_by_it_is_asked_to_review_it(
    world: World,
) -> None:
    deniz = DENIZ.model_copy(update={"groups": DENIZ.groups | FATMA.groups})
    world.directory.people["U0DENIZ"] = deniz
    job = await asked(world, requester=ELIF)

    await breaks(world, job, deniz)

    assert not [key for key in world.directly() if key.startswith("review")]
    for person, told in (
        (deniz, "You broke the glass yourself"),
        (ELIF, "You asked for this yourself"),
        (ADA, "Only members of platform can review this."),
    ):
        assert told in (await reviews(world, job, person)).text
    assert now(world, job).review is None
    assert world.audit.entries[-1].what == "review"


async def test_a_review_is_given_once_and_says_by_whom(world: World) -> None:
    job = await asked(world)
    early = await reviews(world, job)
    await breaks(world, job)

    first = await reviews(world, job, DENIZ, " It was right. ")
    second = await reviews(world, job, ELIF)

    assert early.text == "No glass was broken for this that somebody has to review."
    assert first.accepted
    assert second.text == "Deniz has reviewed this already."
    given = now(world, job).review
    assert given
    assert (given.by, given.remark) == (DENIZ, "It was right.")
    assert world.told()[-1] == "reviewed"
    assert not any(message.may_act for message in world.directly().values())


async def test_a_review_that_nobody_gave_in_time_is_asked_for_once_more(world: World) -> None:
    job = await asked(world)
    await breaks(world, job)

    before = await world.advance(job, by=DAY - timedelta(seconds=1))
    await world.advance(job, by=timedelta(seconds=1))
    late = await world.advance(job, by=3 * DAY)

    assert (before.is_review_overdue, late.is_review_overdue) == (False, True)
    assert world.told()[-1] == "review-overdue"
    assert [key for key in world.directly() if key.startswith("review-wanted-again")] == [
        "review-wanted-again:U0DENIZ",
        "review-wanted-again:U0ELIF",
    ]
    assert (await reviews(world, job)).accepted
    assert not now(world, job).is_review_overdue


async def test_an_ended_job_is_looked_at_when_its_review_is_due_and_its_name_is_free_by_then(
    world: World,
) -> None:
    world.catalog.files = {FILE: ENTITY}
    job = await asked(world)
    await breaks(world, job)
    ended = now(world, job)

    assert ended.state is JobState.DONE
    assert await world.jobs.holder("system", "gift-cards") is None
    due = world.jobs.due_at[job.id]
    late = await world.advance(job, by=DAY)

    assert due == job.created_at + DAY
    assert late.is_review_overdue
    assert job.id not in world.jobs.due_at, "nobody has to look again before the review"
    assert (await reviews(world, job)).accepted
    assert world.told()[-1] == "reviewed"
    assert job.id not in world.jobs.due_at


async def test_a_job_is_not_forgotten_before_its_broken_glass_was_reviewed(world: World) -> None:
    job = await failed_after_glass(world)
    await world.advance(job, by=90 * DAY)

    assert await forget(keep=30 * DAY, ports=world.ports) == 0
    await reviews(world, job)

    assert await forget(keep=30 * DAY, ports=world.ports) == 1


async def test_decision_review_and_lateness_are_in_the_history_and_in_the_audit(
    world: World,
) -> None:
    job = await asked(world)
    await breaks(world, job)
    await world.advance(job, by=DAY)
    await reviews(world, job, remark="Right.")

    told = [
        (e.kind, e.what, e.slack_id, e.detail)
        for e in world.audit.entries
        if e.what in {"break-glass", "review-overdue", "reviewed"}
    ]
    assert told == [
        ("decision", "break-glass", "U0FATMA", "The shop is down."),
        ("outcome", "review-overdue", "", ""),
        ("review", "reviewed", "U0DENIZ", "Right."),
    ]
    versions = [event.version for event in await world.jobs.history(job.id)]
    assert versions == list(range(1, len(versions) + 1))


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("lost", [*REVIEWED[2:], "glass-broken"])
async def test_a_worker_that_dies_after_a_message_leaves_none_out_and_none_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    write = MemoryLease.write_message

    async def dies(lease: MemoryLease, key: str, ref: object) -> None:
        if key == lost and ref:
            raise Crash
        await write(lease, key, ref)  # type: ignore[arg-type] # handed on as it came

    job = await asked(world)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryLease, "write_message", dies)
        with pytest.raises(BaseExceptionGroup):
            await breaks(world, job)
    world.jobs.leases.clear()
    await world.advance(job)

    assert world.told().count("glass-broken") == 1
    assert sorted(world.directly()) == sorted(REVIEWED)


async def test_that_a_review_is_overdue_is_told_later_where_slack_was_down(world: World) -> None:
    job = await failed_after_glass(world)
    for _ in range(9):
        world.announcer.fail_next(TemporaryError("Slack is down."), call="post")
    await world.advance(job, by=DAY)
    assert "review-overdue" not in world.told()
    world.announcer._waiting.clear()

    await world.advance(job, by=timedelta(minutes=1))

    assert world.told().count("review-overdue") == 1
    events = [event.what for event in await world.jobs.history(job.id)]
    assert events.count("review-overdue") == 1


async def test_after_the_time_to_decide_nobody_breaks_the_glass_although_no_worker_has_looked(
    world: World,
) -> None:
    job = await asked(world)
    world.clock.advance(3 * DAY)

    reply = await break_glass(job.id, person=FATMA, reason="Now.", ports=world.ports)

    assert not reply.accepted
    assert reply.text == (
        "The time to decide was over at 2026-03-05 12:00 UTC, so the request has expired. "
        "Whoever needs it asks anew."
    )
