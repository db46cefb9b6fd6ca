"""Asking the platform team to look at a failed request: who may, once for each failure, and that nobody is told twice."""

from datetime import timedelta

import pytest

from bot.domain.audit import EntryKind
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job, JobState
from bot.usecases.ask_platform_team import ask_platform_team
from bot.usecases.reply import Reply
from bot.usecases.retry import retry
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, PLATFORM, a_job
from tests.world import World

MINUTE = timedelta(minutes=1)
BROKEN = PermanentError("GitLab does not let the bot do it: 403 Forbidden", "Look at it.")


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    await world.jobs.create(a_job())
    world.git.fail_next(BROKEN, call="ensure_project")
    job = await world.advance(a_job())
    assert job.state is JobState.FAILED
    return world


async def asked(world: World, by: Person = ADA, words: str = "") -> Reply:
    world.clock.advance(MINUTE)
    return await ask_platform_team("job00001", words=words, person=by, ports=world.ports)


async def test_the_worker_tells_the_platform_team_and_the_thread_once(world: World) -> None:
    reply = await asked(world, words="  It worked yesterday. ")
    untold = world.told()

    await world.advance(a_job())
    job = await world.advance(a_job(), by=MINUTE)

    assert reply.accepted
    assert untold == ["card", "failed:create_deployment_repository:20260302T120000.000000"]
    assert world.told()[2:] == ["help-wanted:1", "help-asked:1"]
    [help_asked] = job.help_asked
    assert (help_asked.by, help_asked.words) == (ADA, "It worked yesterday.")
    assert (help_asked.group, help_asked.channel) == (PLATFORM.platform_group, "")
    assert job.state is JobState.FAILED


async def test_a_job_that_is_over_is_due_again_until_they_are_told(world: World) -> None:
    assert await world.jobs.due(now=world.now() + MINUTE) == []

    await asked(world)
    due = await world.jobs.due(now=world.now() + MINUTE)
    await world.advance(a_job(), by=MINUTE)

    assert due == ["job00001"]
    assert await world.jobs.due(now=world.now() + 60 * MINUTE) == []


async def test_a_lost_answer_of_slack_tells_nobody_twice(world: World) -> None:
    await asked(world)
    world.announcer.fail_next(
        TemporaryError("The answer was lost."), call="post", after_effect=True
    )

    await world.advance(a_job())
    await world.advance(a_job(), by=MINUTE)

    assert world.told()[2:] == ["help-wanted:1", "help-asked:1"]


async def test_who_asks_again_hears_by_whom_and_when_it_was_done(world: World) -> None:
    await asked(world, by=BRUNO)
    at = world.now()

    reply = await asked(world)

    assert reply.text == (f"Bruno has asked the platform team already, at {at:%Y-%m-%d %H:%M} UTC.")
    assert not reply.accepted
    await world.advance(a_job())
    assert world.told().count("help-wanted:1") == 1


async def test_about_another_failure_one_may_ask_again(world: World) -> None:
    await asked(world)
    await world.advance(a_job())
    world.git.fail_next(BROKEN, call="ensure_project")
    await retry("job00001", person=ADA, ports=world.ports)
    await world.advance(a_job(), by=MINUTE)

    assert (await asked(world)).accepted
    await world.advance(a_job())
    assert [key for key in world.told() if key.startswith("help-wanted")] == [
        "help-wanted:1",
        "help-wanted:2",
    ]


@pytest.mark.parametrize("person", [ADA, BRUNO, DENIZ])
async def test_the_requester_the_owner_team_and_the_platform_group_may_ask(
    world: World, person: Person
) -> None:
    assert (await asked(world, by=person)).accepted


async def test_whom_it_does_not_concern_is_refused_and_that_is_written_down(world: World) -> None:
    reply = await asked(world, by=CHIARA)

    assert "Only Ada" in reply.text
    [refused] = [e for e in world.audit.entries if e.kind is EntryKind.REFUSAL]
    assert (refused.what, refused.slack_id) == ("help", CHIARA.slack_id)
    assert world.jobs.jobs["job00001"].help_asked == ()


async def test_there_is_nothing_to_ask_about_a_job_that_runs_or_that_nobody_knows(
    world: World,
) -> None:
    await world.jobs.create(a_job(id="job00002"))

    running = await ask_platform_team("job00002", words="", person=ADA, ports=world.ports)
    unknown = await ask_platform_team("job00003", words="", person=ADA, ports=world.ports)

    assert "has not failed" in running.text
    assert "not known any more" in unknown.text


async def test_it_is_in_the_audit_who_asked_and_with_which_words(world: World) -> None:
    await asked(world, words="It worked yesterday.")
    job: Job = await world.advance(a_job())

    [entry] = [e for e in world.audit.entries if e.what == "help"]
    assert (entry.kind, entry.who, entry.detail) == (
        EntryKind.REQUEST,
        "user:default/ada",
        "It worked yesterday.",
    )
    assert entry.version == job.version
