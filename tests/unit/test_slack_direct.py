"""Decisions and reviews by direct message, with the bot's listeners and a worker at the same workspace."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.memory.telemetry import MemoryTelemetry
from bot.domain.approval import Verdict
from bot.domain.job import Job, JobState
from bot.domain.policy import Policy, Rule
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.runner import Runner
from bot.slack.announcer import SlackAnnouncer
from tests.unit import slack_jobs as jobs
from tests.unit import slack_world
from tests.unit.slack_stories import stored
from tests.unit.slack_world import Member, World, buttons_of

RULE = Rule.model_validate(
    {
        "name": "everything",
        "reason": "It costs money.",
        "stages": [{"groups": ["payments", "platform"]}],
        "break_glass": {
            "groups": "storefront",
            "review": {"groups": "platform", "within": "P1D"},
        },
    }
)
DECISIONS = ["Approve", "Deny", "Approve with a note", "Break glass"]
HOSTILE = "Fine, <!channel> & <https://evil.example|look>."
ESCAPED = "Fine, &lt;!channel&gt; &amp; &lt;https://evil.example|look&gt;."


@dataclass(frozen=True)
class Story:
    """A new system that Chiara asks for, at the point where Ada and Deniz are asked to agree."""

    world: World
    runner: Runner
    job: Job

    async def goes_on(self) -> Job:
        """A worker looks at the job."""
        await self.runner.advance(self.job.id)
        return self.now()

    def now(self) -> Job:
        return self.world.behind.jobs.jobs[self.job.id]

    def member(self, name: str) -> Member:
        return self.world.member(name)

    async def direct(self, name: str) -> list[dict[str, Any]]:
        """What the bot has sent somebody directly, the oldest first."""
        channel = f"D0{name.upper()}IDPBOT"
        return [m for m in await self.world.messages() if m["channel"] == channel]

    async def decides(self, name: str, label: str, words: str) -> dict[str, Any]:
        """Press a button of the newest direct message, and fill in what it asks."""
        member = self.member(name)
        await member.presses((await self.direct(name))[-1], label)
        await member.fills_in({"reason": words})
        answer = await member.submits()
        await self.goes_on()
        return answer


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with slack_world.listening(tmp_path) as world:
        ports = dataclasses.replace(world.behind.ports, policy=Policy(rules=(RULE,)))
        runner = Runner(
            ports=ports,
            pipelines=PIPELINES,
            announcer=SlackAnnouncer(world.client, world.behind.directory),
            random=min,
            telemetry=MemoryTelemetry(),
        )
        job = jobs.a_job(request=jobs.a_system_request(requester=jobs.CHIARA))
        await world.behind.jobs.create(job)
        await runner.advance(job.id)
        yield Story(world, runner, job)


async def test_an_approval_with_a_note_stands_in_every_direct_message_escaped(
    story: Story,
) -> None:
    before = [buttons_of(m) for name in ("ada", "deniz") for m in await story.direct(name)]

    await story.decides("deniz", "Approve with a note", HOSTILE)

    assert before == [DECISIONS] * 2
    decision = story.now().decision
    assert decision
    assert (decision.verdict, decision.reason) == (Verdict.APPROVED, HOSTILE)
    for name in ("ada", "deniz"):
        [message] = await story.direct(name)
        assert buttons_of(message) == []
        assert "*Approved* by <@U0DENIZ> · <!date^" in str(message["blocks"])
        assert ESCAPED in str(message["blocks"])
        assert "|Open the request>" in str(message["blocks"])
        assert message["text"].endswith(": approved")


async def test_a_note_may_be_left_out(story: Story) -> None:
    await story.decides("deniz", "Approve with a note", "")

    decision = story.now().decision
    assert decision
    assert (decision.verdict, decision.reason) == (Verdict.APPROVED, "")


async def test_a_denial_by_direct_message_is_shown_to_the_others(story: Story) -> None:
    await story.decides("ada", "Deny", "Not before the audit.")

    assert story.now().state is JobState.CANCELLED
    [message] = await story.direct("deniz")
    assert "*Denied* by <@U0ADA>" in str(message["blocks"])
    assert "Not before the audit." in str(message["blocks"])


async def test_who_is_late_or_presses_twice_is_told_so_as_on_the_card(story: Story) -> None:
    [question] = await story.direct("ada")
    ada, deniz = story.member("ada"), story.member("deniz")
    await ada.presses(question, "Approve")
    await ada.presses(question, "Approve")
    await _heard(ada, "Ada Okafor has approved this already.")

    await deniz.presses((await story.direct("deniz"))[-1], "Approve")

    await _heard(deniz, "Ada Okafor has approved this already.")
    assert len(story.now().decisions) == 1


async def test_who_has_lost_the_right_since_they_were_asked_is_told_who_may(story: Story) -> None:
    ada = jobs.ADA.model_copy(update={"groups": frozenset()})
    story.world.behind.directory.people["U0ADA"] = ada
    [question] = await story.direct("ada")

    await story.member("ada").presses(question, "Approve")

    assert await story.member("ada").whisper() == (
        "Only members of payments or platform can decide this."
    )
    assert story.now().decisions == ()
    assert story.world.behind.audit.entries[-1].what == "approved"


async def test_only_who_may_break_the_glass_is_asked_why(story: Story) -> None:
    ada = story.member("ada")

    await ada.presses((await story.direct("ada"))[-1], "Break glass")

    assert await ada.whisper() == "Only members of storefront can break the glass."
    assert await ada.has_no_modal()
    refused = story.world.behind.audit.entries[-1]
    assert (refused.kind, refused.what, refused.slack_id) == ("refusal", "break-glass", "U0ADA")


async def breaks_glass(story: Story) -> None:
    """Chiara, who asked for it, presses the button on the card."""
    chiara = story.member("chiara")
    card = (await story.world.messages())[0]
    await chiara.presses(card, "Break glass")
    told = str((await chiara.modal())["blocks"])
    assert "A member of platform other than you and the requester reviews it within" in told
    await chiara.fills_in({"reason": "The shop is down."})
    await chiara.submits()
    assert "goes ahead without approval" in str((await chiara.modal())["blocks"])
    await story.goes_on()


async def test_a_broken_glass_is_told_to_all_who_were_asked_and_reviewed_by_another_one(
    story: Story,
) -> None:
    await breaks_glass(story)

    for name, newest in (("ada", []), ("deniz", ["Reviewed"])):
        question, told = await story.direct(name)
        assert (buttons_of(question), buttons_of(told)) == ([], newest)
        for message in (question, told):
            assert "*Glass broken*, without approval, by <@U0CHIARA>" in str(message["blocks"])
    await story.decides("deniz", "Reviewed", "It was <right>.")

    assert story.now().unreviewed_glass is None
    for name in ("ada", "deniz"):
        _, told = await story.direct(name)
        assert buttons_of(told) == []
        assert "*Reviewed* by <@U0DENIZ>" in str(told["blocks"])
        assert "It was &lt;right&gt;." in str(told["blocks"])


async def test_home_has_what_waits_for_ones_review_and_what_came_of_it(story: Story) -> None:
    await breaks_glass(story)
    deniz = story.member("deniz")
    await deniz.does("home")
    shown = str((await deniz.home())["blocks"])
    assert "Waiting for your review" in shown
    assert "*Review open:* a member of platform" in shown

    await deniz.presses(await deniz.home(), "Reviewed")
    await deniz.submits()

    await _eventually(lambda: _home_lacks(deniz, "Waiting for your review"))
    shown = str((await deniz.home())["blocks"])
    assert "You were asked, and this came of it" in shown
    assert "*Glass broken*, without approval, by <@U0CHIARA>" in shown
    chiara = story.member("chiara")
    await chiara.does("home")
    assert "Waiting for your review" not in str((await chiara.home())["blocks"])


async def test_who_broke_the_glass_cannot_review_it(story: Story) -> None:
    await breaks_glass(story)
    chiara = story.member("chiara")

    await chiara.presses((await story.world.messages())[0], "Reviewed")

    assert "You broke the glass yourself" in await chiara.whisper()
    assert stored(story.world)[0].review is None


async def _home_lacks(member: Member, words: str) -> bool:
    return words not in str((await member.home())["blocks"])


async def _heard(member: Member, words: str) -> None:
    await _eventually(lambda: _was_whispered(member, words))


async def _was_whispered(member: Member, words: str) -> bool:
    return any(words in message["text"] for message in await member.whispers())


async def _eventually(look: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(250):
        if await look():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("It did not happen.")
