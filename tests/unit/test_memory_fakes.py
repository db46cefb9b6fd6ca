"""The fakes fit their ports and fail when they are told to, on the side of the effect that they are told."""

from datetime import timedelta

import pytest

from bot.adapters.memory.announcer import MemoryAnnouncer
from bot.adapters.memory.clock import MemoryClock
from bot.adapters.memory.directory import MemoryDirectory
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.memory.scheduler import MemoryScheduler
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.notices import Notice, NoticeKind
from bot.ports.announcer import Announcer
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.scheduler import Scheduler
from tests.builders import ADA, a_job, group


async def test_a_fault_before_the_effect_leaves_nothing_and_is_over_after_one_call() -> None:
    git = MemoryGitHost()
    git.fail_next(TemporaryError("GitLab is busy."))
    with pytest.raises(TemporaryError):
        await git.ensure_group("idp", title="IDP")
    assert await git.find_group("idp") is None


async def test_a_fault_after_the_effect_loses_only_the_answer() -> None:
    git = MemoryGitHost()
    git.fail_next(TemporaryError("The connection broke."), after_effect=True)
    with pytest.raises(TemporaryError):
        await git.ensure_group("idp", title="IDP")
    assert await git.find_group("idp") is not None


async def test_a_fault_waits_for_the_call_that_it_is_meant_for() -> None:
    git = MemoryGitHost()
    git.fail_next(PermanentError("No.", "Ask."), call="ensure_group")
    assert await git.find_group("idp") is None
    with pytest.raises(PermanentError):
        await git.ensure_group("idp", title="IDP")


async def test_the_directory_knows_people_and_their_groups() -> None:
    directory: Directory = MemoryDirectory(ADA)
    assert await directory.whois(ADA.slack_id) == ADA
    assert await directory.whois("U0NOBODY") is None
    assert await directory.slack_ids(group("payments")) == (ADA.slack_id,)
    assert await directory.slack_ids(group("payments"), at_most=0) == ()


async def test_a_nudge_is_kept_with_its_time() -> None:
    memory = MemoryScheduler()
    scheduler: Scheduler = memory
    await scheduler.nudge("job-1")
    assert memory.nudges == [("job-1", None)]


def test_time_stands_until_it_is_moved() -> None:
    memory = MemoryClock()
    clock: Clock = memory
    before = clock()
    assert clock() == before
    memory.advance(timedelta(minutes=5))
    assert clock() - before == timedelta(minutes=5)


async def test_messages_are_found_again_redrawn_in_place_and_doubled_by_a_second_post() -> None:
    memory = MemoryAnnouncer()
    announcer: Announcer = memory
    job, card = a_job(), Notice(kind=NoticeKind.CARD)
    assert await announcer.find(job, card) is None
    ref = await announcer.post(job, card)
    assert await announcer.find(job, card) == ref
    later = job.model_copy(update={"version": 7})
    await announcer.redraw(later, ref)
    await announcer.post(later, card)
    assert [posted.job.version for posted in memory.posted] == [7, 7]
