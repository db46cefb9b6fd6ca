"""What is private is told to those alone whom it concerns now, wherever it was told before."""

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.memory.directory import MemoryDirectory
from bot.domain.approval import BreakGlass, Decision, Verdict
from bot.domain.entities import Person
from bot.domain.errors import RequestRejected, TemporaryError
from bot.domain.job import Job, JobState
from bot.domain.notices import card_of
from bot.domain.request import Visibility
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.runner import Runner
from bot.pipeline.seeing import may_see
from bot.slack import home
from bot.slack.announcer import SlackAnnouncer
from bot.usecases.ask import ask
from bot.usecases.decide import decide
from bot.usecases.fix_input import fix_input
from bot.usecases.submission import Submission
from bot.usecases.undo import undo
from tests.builders import (
    ADA,
    BRUNO,
    CHIARA,
    NOON,
    PLATFORM,
    a_job,
    a_person,
    an_app_request,
    group,
)
from tests.unit import slack_jobs, slack_world
from tests.unit.slack_world import World as Workspace
from tests.unit.test_fix_input import ANSWERS, failed
from tests.world import World, _half

PRIVATE = {"visibility": "private"}
A_SECOND = timedelta(seconds=4)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    world.catalog.is_reading = False
    world.catalog.files = {}
    return world


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[Workspace]:
    async with slack_world.workspace(tmp_path) as opened:
        yield opened


async def waiting(world: World) -> Job:
    """A private request of somebody else's for payments, who are asked."""
    submission = Submission(
        id="V1",
        template="python-fastapi",
        values={**ANSWERS, **PRIVATE},
        requester=CHIARA,
        channel="C0GENERAL",
    )
    job = await world.advance(await ask(submission, ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


def speaks(world: World, slack: Workspace) -> None:
    """The world's jobs are told in a real workspace, whose people the directory knows."""
    directory = MemoryDirectory(slack_jobs.ADA, slack_jobs.DENIZ, slack_jobs.CHIARA)
    world.ports = dataclasses.replace(world.ports, directory=directory)
    world.runner = Runner(
        ports=world.ports,
        pipelines=PIPELINES,
        announcer=SlackAnnouncer(slack.client, directory),
        random=_half,
        telemetry=world.telemetry,
    )


async def test_a_request_that_becomes_private_is_told_of_in_private_from_then_on(
    world: World, slack: Workspace
) -> None:
    speaks(world, slack)
    job = await failed(world, "ensure_project", "visibility", "description")
    before = len(await slack.messages())

    asleep = TemporaryError("The catalog is asleep.")
    world.catalog.fail_next(asleep, call="register")
    await fix_input(job.id, PRIVATE, person=ADA, ports=world.ports)
    job = await world.advance(job)
    repository = "idp/payments/checkout-hello"
    sha = world.git.repositories[repository].branches["main"][0].sha
    log = "a detail of the code"
    world.git.finish_pipeline(repository, sha, failed_job="test", log=log)
    job = await world.advance(job, by=A_SECOND)

    assert job.state is JobState.FAILED
    told = await slack.messages()
    openly = [each for each in told if each["channel"] == "C0GENERAL"]
    assert len(openly) == before
    assert openly[0]["text"] == (
        "This request has been made private, so nothing more is told of it here, whatever becomes of it. "
        "Those whom it concerns find it with “/idp status”."
    )
    assert [block["type"] for block in openly[0]["blocks"]] == ["section"]
    assert log not in json.dumps(openly)
    to_ada = [each for each in told if each["channel"] != "C0GENERAL"]
    assert "Hello" in to_ada[0]["text"]
    assert log in json.dumps(to_ada)
    card = card_of(job)
    assert card
    assert {each.get("thread_ts") for each in to_ada} == {None, card.ts}


async def test_a_worker_that_dies_on_the_way_into_private_shows_no_second_card(
    world: World,
) -> None:
    job = await failed(world, "ensure_push_access", "visibility")
    await fix_input(job.id, PRIVATE, person=ADA, ports=world.ports)
    lost = TemporaryError("The connection broke.")
    world.announcer.fail_next(lost, call="post", after_effect=True)

    await world.advance(job)
    job = await world.advance(job, by=timedelta(seconds=30))

    assert world.told().count("private-card") == 1
    card = card_of(job)
    assert card
    assert card.is_direct
    after = world.told().index("private-card") + 1
    assert {m.ref.channel for m in world.announcer.posted[after:]} <= {card.channel}


async def test_a_card_on_its_way_into_private_arrives_there_though_the_request_is_open_again(
    world: World, slack: Workspace
) -> None:
    speaks(world, slack)
    job = await failed(world, "ensure_push_access", "visibility")
    before = len([each for each in await slack.messages() if each["channel"] == "C0GENERAL"])
    begun = {**job.messages, "private-card": None}
    world.jobs.jobs[job.id] = job.model_copy(update={"messages": begun})

    await undo(job.id, person=ADA, ports=world.ports)
    job = await world.advance(job)

    assert job.messages["undone"]
    card = card_of(job)
    assert card
    assert card.is_direct
    told = await slack.messages()
    assert len([each for each in told if each["channel"] == "C0GENERAL"]) == before


def test_who_reviews_a_broken_glass_may_know_of_it_whatever_is_planned_by_now() -> None:
    glass = BreakGlass(
        groups=(group("payments"),),
        reviewers=(group("storefront"),),
        review_within=timedelta(days=1),
    )
    broken = Decision(verdict=Verdict.BREAK_GLASS, by=BRUNO, at=NOON, glass=glass)
    request = an_app_request(visibility=Visibility.PRIVATE)
    job = a_job(request=request, decisions=(broken,), decision=broken)

    assert may_see(CHIARA, job, PLATFORM)
    assert not may_see(CHIARA, a_job(request=request), PLATFORM)


async def test_a_request_that_was_private_from_the_start_has_one_card(world: World) -> None:
    await waiting(world)

    assert world.told() == ["card", "approval-wanted"]


async def test_who_was_asked_and_has_left_the_team_is_told_no_more(world: World) -> None:
    job = await waiting(world)
    world.directory.people[BRUNO.slack_id] = a_person("bruno")

    await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="Psst.", ports=world.ports)
    await world.advance(job)

    direct = world.directly()
    assert (direct["question:U0ADA"].may_see, direct["question:U0BRUNO"].may_see) == (True, False)


async def test_who_was_asked_and_has_left_the_team_reads_nothing_of_it_at_home(
    world: World, slack: Workspace
) -> None:
    job = await waiting(world)
    gone = slack_jobs.DENIZ.model_copy(update={"slack_id": "U0DENIZ", "groups": frozenset()})
    messages = {**job.messages, "question:U0DENIZ": job.messages["question:U0ADA"]}
    world.jobs.jobs[job.id] = job.model_copy(update={"messages": messages})
    world.directory.people["U0DENIZ"] = gone
    await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="Psst.", ports=world.ports)

    await home.publish(world.ports, slack.client, slack_id="U0DENIZ")

    shown = json.dumps(await slack.member("deniz").home(), ensure_ascii=False)
    assert "Your requests" in shown
    assert not [word for word in ("Hello", "Psst.") if word in shown]


@pytest.mark.parametrize(
    ("person", "told"), [(CHIARA, "another request"), (BRUNO, "job ")], ids=["outsider", "team"]
)
async def test_a_name_that_a_private_request_holds_is_taken_by_nobody_in_particular(
    world: World, person: Person, told: str
) -> None:
    def submission(form: str, requester: Person, **other: str) -> Submission:
        return Submission(
            id=form,
            template="python-fastapi",
            values={**ANSWERS, **other},
            requester=requester,
            channel="C0GENERAL",
        )

    job = await ask(submission("V1", ADA, **PRIVATE), ports=world.ports)

    with pytest.raises(RequestRejected) as refused:
        await ask(submission("V2", person), ports=world.ports)

    assert f"is being made by {told}" in str(refused.value)
    assert (job.id in str(refused.value)) is (person is BRUNO)
