"""Stories of the short commands: what somebody types, and what only they are shown."""

import re

import pytest

from bot.domain.job import Job, JobState
from bot.slack.commands import _SUB_COMMANDS
from tests.colleague import Colleague, Json, eventually
from tests.scenarios.conftest import Office
from tests.scenarios.test_new_app import filled

pytestmark = [pytest.mark.timeout(180)]


async def test_help_names_every_command(office: Office) -> None:
    elif_ = office.colleague("elif")

    shown = await _shown(office, elif_, "/idp help", "What /idp can do")

    told = re.findall(r"`/idp ([a-z-]+)", str(shown["blocks"]))
    assert sorted([*told, "help"]) == sorted(_SUB_COMMANDS)


async def test_a_mistyped_word_is_answered_with_the_one_meant(office: Office) -> None:
    elif_ = office.colleague("elif")

    shown = await _shown(office, elif_, "/idp nwe-app", "Did you mean")

    assert shown["text"] == "There is no “nwe-app”. Did you mean “/idp new-app”?"


async def test_status_of_an_application_shows_how_far_it_is(office: Office) -> None:
    await _waiting_app(office, "Stock Count")

    shown = await _shown(office, office.colleague("elif"), "/idp status stock-count", "Stock Count")

    assert shown["text"].endswith("waiting for approval")
    plan = next(block for block in shown["blocks"] if block["type"] == "plan")
    assert [task["status"] for task in plan["tasks"]][:2] == ["complete", "in_progress"]


async def test_jobs_lists_what_was_asked_for_with_the_job_to_ask_about(office: Office) -> None:
    first = await _waiting_app(office, "Back Office")
    second = await _waiting_app(office, "Front Desk")

    shown = await _shown(office, office.colleague("elif"), "/idp jobs", "The newest requests")

    rows = [block["text"]["text"] for block in shown["blocks"]]
    assert [second.id in rows[0], first.id in rows[1]] == [True, True]


async def _waiting_app(office: Office, name: str) -> Job:
    """Chiara asks for an application of another team, which stands still until somebody decides."""
    chiara = office.colleague("chiara")
    await chiara.submit(await chiara.open_form("/idp new-app"), filled(name))
    return await office.job_when(await office.job_named(name), state=JobState.WAITING_APPROVAL)


async def _shown(office: Office, reader: Colleague, command: str, words: str) -> Json:
    """Give a command and wait for the answer that only its giver sees."""
    before = {message["ts"] for message in await _whispers(office, reader)}
    assert (await reader.say(command))["ok"]

    async def look() -> Json | None:
        said = await _whispers(office, reader)
        return next((m for m in said if m["ts"] not in before and words in m["text"]), None)

    return await eventually(look)


async def _whispers(office: Office, reader: Colleague) -> list[Json]:
    answer = await office.http.get(f"/sandbox/slack/ephemeral/{reader.slack_id}")
    said: list[Json] = answer.json()
    return said
