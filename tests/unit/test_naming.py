"""Names that every system behind the bot accepts, whatever people type."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.entities import entity_ref
from bot.domain.naming import AppNames, app_names, full_name_problem, slug_of, slug_problem
from tests.builders import group

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
GITLAB_PATH = re.compile(r"[a-zA-Z0-9]+([._-][a-zA-Z0-9]+)*")
ENTITY_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")

slugs = st.from_regex(r"[a-z]([-a-z0-9]{0,12}[a-z0-9])?", fullmatch=True).filter(
    lambda slug: slug_problem(slug) is None
)


@pytest.mark.parametrize(
    ("display_name", "slug"),
    [
        ("Hello World", "hello-world"),
        ("  Héllo --  Wörld! ", "hello-world"),
        ("Price_List.v2", "price-list-v2"),
        ("日本", ""),
        ("${{ values.x }}", "values-x"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_a_name_for_people_becomes_one_for_machines(display_name: str, slug: str) -> None:
    assert slug_of(display_name) == slug


@given(st.text(max_size=80))
def test_whatever_is_typed_gives_a_valid_slug_or_a_sentence(text: str) -> None:
    slug = slug_of(text)
    problem = slug_problem(slug)

    if problem is None:
        assert DNS_LABEL.fullmatch(slug)
        assert GITLAB_PATH.fullmatch(slug)
        assert ENTITY_NAME.fullmatch(slug)
    else:
        assert problem.endswith(".")


@given(st.text(max_size=80))
def test_a_slug_stays_the_same_when_it_is_made_again(text: str) -> None:
    assert slug_of(slug_of(text)) == slug_of(text)


@given(team=slugs, system=slugs, slug=slugs)
def test_every_derived_name_is_one_that_its_system_accepts(
    team: str, system: str, slug: str
) -> None:
    names = named(team, system, slug)

    assert all(GITLAB_PATH.fullmatch(part) for part in names.app_repository.split("/"))
    assert all(GITLAB_PATH.fullmatch(part) for part in names.deployment_repository.split("/"))
    assert DNS_LABEL.fullmatch(names.full_name) or full_name_problem(names)
    assert ENTITY_NAME.fullmatch(names.component)


def named(team: str, system: str, slug: str) -> AppNames:
    return app_names(
        gitlab_group="idp", owner=group(team), system=entity_ref(system, kind="system"), slug=slug
    )


def test_the_longest_full_name_is_the_one_that_helm_still_takes() -> None:
    assert full_name_problem(named("payments", "checkout", "a" * 35)) is None


def test_a_full_name_that_helm_would_refuse_is_told_with_the_characters_that_are_left() -> None:
    problem = full_name_problem(named("payments", "checkout", "a" * 36)) or ""

    assert "54 characters, and Helm takes 53" in problem
    assert "shorten the name to 35 characters at most" in problem


def test_where_owner_and_system_leave_no_room_for_a_name_others_are_asked_for() -> None:
    problem = full_name_problem(named("t" * 30, "s" * 22, "a")) or ""

    assert problem.endswith("no name is short enough, so choose another system or owner.")


@pytest.mark.parametrize("typed", ["-a", "a-", "a_b", "a--b", "Upper", "é"])
def test_what_is_no_slug_is_told_what_one_is_made_of(typed: str) -> None:
    problem = slug_problem(typed) or ""

    assert "digit;" not in problem
    assert "start with a letter, and end with a letter or digit" in problem


def test_a_slug_that_starts_with_a_digit_is_told_so() -> None:
    assert slug_problem("1a") == "“1a” starts with a digit; start with a letter."
