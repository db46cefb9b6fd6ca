"""When approval is needed, from whom, and who may give it."""

from datetime import timedelta

import pytest

from bot.domain.approval import is_expired, refusal
from bot.domain.entities import Person
from bot.domain.policy import approval_terms
from bot.domain.request import AppRequest, SystemRequest, Visibility
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, NOON, a_system_request, an_app_request, group

PLATFORM = group("platform")


def approvers_of(request: AppRequest | SystemRequest) -> list[str]:
    terms = approval_terms(request, platform_group=PLATFORM, now=NOON)
    return [each.name for each in terms.approvers] if terms else []


def test_a_member_of_the_owner_team_needs_nobody() -> None:
    assert approval_terms(an_app_request(), platform_group=PLATFORM, now=NOON) is None


@pytest.mark.parametrize(
    ("request_", "approvers"),
    [
        (an_app_request(requester=CHIARA), ["payments", "platform"]),
        (an_app_request(visibility=Visibility.PUBLIC), ["platform"]),
        (an_app_request(requester=CHIARA, visibility=Visibility.PUBLIC), ["platform"]),
        (a_system_request(), ["platform"]),
    ],
)
def test_approval_comes_from_those_whom_it_concerns(
    request_: AppRequest | SystemRequest, approvers: list[str]
) -> None:
    assert approvers_of(request_) == approvers


def test_every_reason_is_said() -> None:
    request = an_app_request(requester=CHIARA, visibility=Visibility.PUBLIC)

    terms = approval_terms(request, platform_group=PLATFORM, now=NOON)

    assert terms
    assert terms.reasons == (
        "The repositories will be public.",
        "Chiara is not a member of payments.",
    )


@pytest.mark.parametrize(
    ("person", "why_not"),
    [
        (CHIARA, "yourself"),
        (ADA, None),
        (BRUNO, None),
        (DENIZ, None),
    ],
)
def test_nobody_decides_their_own_request(person: Person, why_not: str | None) -> None:
    request = an_app_request(requester=CHIARA)
    terms = approval_terms(request, platform_group=PLATFORM, now=NOON)
    assert terms

    answer = refusal(person, requester=CHIARA, terms=terms)

    assert (why_not in answer) if why_not and answer else answer is None


def test_somebody_of_another_team_is_told_who_may() -> None:
    terms = approval_terms(a_system_request(), platform_group=PLATFORM, now=NOON)
    assert terms

    assert refusal(BRUNO, requester=ADA, terms=terms) == "Only members of platform can decide this."


def test_a_request_expires_after_three_days() -> None:
    terms = approval_terms(a_system_request(), platform_group=PLATFORM, now=NOON)
    assert terms

    assert not is_expired(terms, now=NOON + timedelta(days=3, seconds=-1))
    assert is_expired(terms, now=NOON + timedelta(days=3))
