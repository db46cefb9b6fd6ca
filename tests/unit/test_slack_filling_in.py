"""Forms while they are filled in: searching, foreseeing, choosing another template."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import PermanentError, TemporaryError
from tests.unit import slack_world
from tests.unit.slack_stories import a_template, fields, stored
from tests.unit.slack_world import Member, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with slack_world.listening(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(world: World) -> Member:
    return world.member("ada")


def notes(view: dict[str, Any]) -> list[str]:
    return [b["text"]["text"] for b in view["blocks"] if b["type"] == "alert"]


async def note_of(member: Member, text: str) -> None:
    """Wait until the form remarks on this."""
    for _ in range(200):
        if any(text in note for note in notes(await member.modal())):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(notes(await member.modal()))


async def test_systems_are_searched_with_those_of_ones_own_team_first(ada: Member) -> None:
    await ada.says("/idp new-app")

    offered = await ada.searches("system")

    assert [option["text"]["text"] for option in offered] == ["Checkout", "Billing"]
    assert [option["value"] for option in await ada.searches("system", "bill")] == [
        "system:default/billing"
    ]


async def test_a_search_in_a_catalog_that_fails_offers_nothing_and_in_time(
    world: World, ada: Member
) -> None:
    await ada.says("/idp new-app")
    world.behind.catalog.fail_next(TemporaryError("The catalog does not answer."))

    assert await ada.searches("system") == []


async def test_the_form_says_before_it_is_submitted_that_approval_will_be_needed(
    ada: Member,
) -> None:
    await ada.says("/idp new-app")

    await ada.changes("owner", "group:default/platform")
    await note_of(ada, "Will need an approval from platform. Ada Okafor is not a member")

    await ada.changes("visibility", "public")
    await note_of(ada, "The repositories will be public.")


async def test_the_need_for_approval_is_foreseen_whatever_the_other_fields_hold(
    ada: Member,
) -> None:
    await ada.says("/idp new-app")
    await ada.fills_in({"name": "!!!", "hostname": "Not a host"})

    await ada.changes("owner", "group:default/platform")

    await note_of(ada, "Will need an approval from platform.")


async def test_choosing_another_template_draws_its_form_and_keeps_what_was_typed(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("go-http", name={}, port={"type": "integer"}), {})
    await ada.says("/idp new-app")
    await ada.fills_in({"name": "Hello"})

    await ada.changes("idp:template", "python-fastapi")

    await _field_gone(ada, "port")
    assert "hostname" in fields(await ada.modal())


async def test_a_template_can_be_named_in_the_command(world: World, ada: Member) -> None:
    world.behind.templates.add(a_template("go-http", port={"type": "integer"}), {})

    await ada.says("/idp new-app python-fastapi")
    assert "hostname" in fields(await ada.modal())

    await ada.says("/idp new-app go-htp")
    assert "Did you mean “/idp new-app go-http”?" in await ada.whisper()


async def test_a_form_sent_while_another_template_is_being_drawn_is_drawn_instead(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("go-http", port={"type": "integer"}), {})
    await ada.says("/idp new-app go-http")
    await ada.fills_in({"idp:template": "python-fastapi"})

    await ada.submits()

    assert stored(world) == []
    assert "hostname" in fields(await ada.modal())


async def test_a_template_that_slack_cannot_show_has_no_submit_button(
    world: World, ada: Member
) -> None:
    world.behind.templates.add(a_template("odd", secret={"ui:field": "Secret"}), {})

    await ada.says("/idp new-app odd")

    view = await ada.modal()
    assert not view.get("submit")
    assert "Open this template in Backstage" in str(view["blocks"])


async def test_a_broken_template_is_named_to_whoever_wanted_it(world: World, ada: Member) -> None:
    error = PermanentError("templates/odd/template.yaml is no YAML.", "Mend the file.")
    world.behind.templates.fail_next(error, call="list_templates")

    await ada.says("/idp new-app")

    assert await ada.whisper() == "templates/odd/template.yaml is no YAML. Mend the file."


async def _field_gone(member: Member, name: str) -> None:
    for _ in range(200):
        if name not in fields(await member.modal()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(fields(await member.modal()))
