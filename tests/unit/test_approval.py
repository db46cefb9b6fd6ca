"""When approval is needed, from whom, who may give it, and how far it has come."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain import policy
from bot.domain.approval import (
    ApprovalTerms,
    BreakGlass,
    Decision,
    Stage,
    Standing,
    Verdict,
    is_expired,
    next_moment,
    refusal,
    standing,
)
from bot.domain.authors import Authors
from bot.domain.entities import Person
from bot.domain.policy import Conditions, Policy, Rule, StageRule
from bot.domain.request import AppRequest, SystemRequest, Visibility
from tests.builders import (
    ADA,
    BRUNO,
    CHIARA,
    DENIZ,
    NOON,
    a_person,
    a_system_request,
    an_app_request,
    group,
)

ELIF = a_person("elif", "platform")
HOUR = timedelta(hours=1)
BREAK_GLASS = {
    "groups": ["oncall", "$owner"],
    "review": {"groups": "$platform", "within": "P1D"},
}
ONE_OF_OWNERS = (StageRule(groups=("$owner",)),)


def terms_of(
    request: AppRequest | SystemRequest, rules: Policy = policy.DEFAULT
) -> ApprovalTerms | None:
    return policy.approval_terms(
        rules, request, platform_group=group("platform"), environment="development", now=NOON
    )


def needed(request: AppRequest | SystemRequest, rules: Policy = policy.DEFAULT) -> ApprovalTerms:
    terms = terms_of(request, rules)
    assert terms
    return terms


def a_rule(when: Conditions, *groups: str, name: str = "rule") -> Rule:
    fields: dict[str, Any] = {"stages": (StageRule(groups=groups),)} if groups else {}
    return Rule(name=name, when=when, reason="Because.", **fields)


def approved(*people: Person) -> list[Decision]:
    return [Decision(verdict=Verdict.APPROVED, by=person, at=NOON) for person in people]


def test_a_member_of_the_owner_team_needs_nobody() -> None:
    assert terms_of(an_app_request()) is None


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
    [stage] = needed(request_).stages
    assert [each.name for each in stage.groups] == approvers


def test_the_first_rule_that_fits_decides_and_every_reason_is_said() -> None:
    request = an_app_request(requester=CHIARA, visibility=Visibility.PUBLIC)

    assert needed(request).reasons == (
        "The repositories will be public.",
        "Chiara is not a member of payments.",
    )


@pytest.mark.parametrize(
    "when",
    [
        Conditions(request=("new-app",)),
        Conditions(template=("python-fastapi", "other")),
        Conditions(visibility=(Visibility.INTERNAL,)),
        Conditions(environment=("development",)),
        Conditions(owner_member=True),
        Conditions(requester_in=("payments", "storefront")),
        Conditions(requester_in=("$owner",)),
        Conditions(),
    ],
)
def test_a_rule_fits_what_its_conditions_say(when: Conditions) -> None:
    assert terms_of(an_app_request(), Policy(rules=(a_rule(when, "$platform"),)))


@pytest.mark.parametrize(
    "when",
    [
        Conditions(request=("new-system",)),
        Conditions(template=("other",)),
        Conditions(visibility=(Visibility.PUBLIC, Visibility.PRIVATE)),
        Conditions(environment=("production",)),
        Conditions(owner_member=False),
        Conditions(requester_in=("$platform",)),
        Conditions(owner_member=True, template=("other",)),
    ],
)
def test_a_rule_does_not_fit_when_one_condition_fails(when: Conditions) -> None:
    assert terms_of(an_app_request(), Policy(rules=(a_rule(when, "$platform"),))) is None


def test_a_rule_without_stages_lets_go_ahead_what_later_rules_would_hold() -> None:
    trusted = a_rule(Conditions(requester_in=("payments",)), name="trusted")
    everybody = a_rule(Conditions(), "$platform", name="everybody")
    rules = Policy(rules=(trusted, everybody))

    assert terms_of(an_app_request(), rules) is None
    assert terms_of(an_app_request(requester=CHIARA), rules)


def test_a_name_in_a_reason_is_the_persons_and_nothing_else_is_filled_in() -> None:
    mallory = a_person("mallory").model_copy(update={"name": "{owner} {0.__class__}"})

    terms = needed(an_app_request(requester=mallory))

    assert terms.reasons == ("payments {0.__class__} is not a member of payments.",)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"escalate_after": "PT1H"},
        {"escalate_to": "platform"},
        {"remind_after": "P3D"},
        {"escalate_after": "P4D", "escalate_to": "platform"},
        {"expires_after": "PT1S"},
        {"stages": [{"groups": []}]},
        {"stages": [{"groups": ["no group!"]}]},
        {"stages": [{"groups": "platform", "needed": 0}]},
        {"when": {"colour": "red"}},
        {"break_glass": BREAK_GLASS, "stages": []},
        {"break_glass": BREAK_GLASS | {"groups": []}},
        {"break_glass": {"groups": "oncall"}},
        {"break_glass": BREAK_GLASS | {"review": {"groups": "platform"}}},
        {"break_glass": BREAK_GLASS | {"review": {"groups": [], "within": "P1D"}}},
        {"break_glass": BREAK_GLASS | {"review": {"groups": "platform", "within": "PT1S"}}},
    ],
)
def test_a_rule_that_could_not_work_is_refused(changes: dict[str, object]) -> None:
    rule = {"name": "x", "reason": "Because.", "stages": [{"groups": "platform"}]}

    assert Rule.model_validate(rule)
    with pytest.raises(ValidationError):
        Rule.model_validate(rule | changes)


def test_the_rule_that_decides_says_who_may_break_the_glass_and_who_reviews_it() -> None:
    rule = Rule.model_validate(
        {
            "name": "x",
            "reason": "Because.",
            "stages": [{"groups": "platform"}],
            "break_glass": BREAK_GLASS,
        }
    )

    glass = needed(an_app_request(), Policy(rules=(rule,))).break_glass

    assert glass == BreakGlass(
        groups=(group("oncall"), group("payments")),
        reviewers=(group("platform"),),
        review_within=timedelta(days=1),
    )


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two rules are called"):
        Policy(rules=(a_rule(Conditions()), a_rule(Conditions())))


def waiting(terms: ApprovalTerms, *people: Person) -> Standing:
    return standing(terms, approved(*people), now=NOON)


def two_stages() -> ApprovalTerms:
    """Two of payments, then one of the platform group."""
    return needed(an_app_request(requester=CHIARA)).model_copy(
        update={
            "stages": (
                Stage(groups=(group("payments"),), needed=2),
                Stage(groups=(group("platform"),)),
            )
        }
    )


def test_stages_come_one_after_the_other_and_each_needs_its_number() -> None:
    terms = two_stages()

    steps = [waiting(terms), waiting(terms, ADA), waiting(terms, ADA, BRUNO)]

    assert [(each.stage, each.missing, each.settled) for each in steps] == [
        (1, 2, None),
        (1, 1, None),
        (2, 1, None),
    ]
    assert waiting(terms, ADA, BRUNO, DENIZ).settled is Verdict.APPROVED


def test_one_denial_ends_it_at_any_stage() -> None:
    denied = Decision(verdict=Verdict.DENIED, by=BRUNO, at=NOON, reason="No.")

    assert standing(two_stages(), [*approved(ADA), denied], now=NOON).settled is Verdict.DENIED


def test_nobody_counts_twice() -> None:
    terms = two_stages()

    assert waiting(terms, ADA, ADA).missing == 1
    assert "agreed already" in str(
        refusal(
            ADA,
            authors=Authors(requester=CHIARA),
            standing=waiting(terms, ADA),
            decisions=approved(ADA),
        )
    )


@pytest.mark.parametrize(
    ("person", "why_not"),
    [(CHIARA, "yourself"), (ADA, ""), (BRUNO, ""), (DENIZ, "")],
)
def test_nobody_decides_their_own_request(person: Person, why_not: str) -> None:
    waits_for = waiting(needed(an_app_request(requester=CHIARA)))

    answer = refusal(person, authors=Authors(requester=CHIARA), standing=waits_for, decisions=())

    assert why_not in (answer or "")
    assert bool(why_not) == bool(answer)


def test_nobody_decides_what_they_have_changed_themselves() -> None:
    waits_for = waiting(needed(an_app_request(requester=CHIARA)))
    authors = Authors(requester=CHIARA, changed_by=(ADA,))

    answers = [
        refusal(person, authors=authors, standing=waits_for, decisions=())
        for person in (ADA, BRUNO)
    ]

    assert answers == [
        "You changed what is asked for here, so somebody else has to decide.",
        None,
    ]


def test_somebody_of_another_team_is_told_who_may() -> None:
    waits_for = waiting(needed(a_system_request()))

    answer = refusal(BRUNO, authors=Authors(requester=ADA), standing=waits_for, decisions=())

    assert answer == "Only members of platform can decide this."


def test_a_stage_is_decided_by_its_own_groups_alone() -> None:
    waits_for = waiting(two_stages(), ADA, BRUNO)

    assert (
        refusal(
            ELIF, authors=Authors(requester=CHIARA), standing=waits_for, decisions=approved(ADA)
        )
        is None
    )
    assert refusal(
        a_person("fatma", "payments"),
        authors=Authors(requester=CHIARA),
        standing=waits_for,
        decisions=(),
    )


def test_others_may_decide_once_it_is_escalated() -> None:
    rule = Rule(
        name="slow",
        reason="Because.",
        stages=ONE_OF_OWNERS,
        remind_after=HOUR,
        escalate_after=2 * HOUR,
        escalate_to=("$platform",),
    )
    terms = needed(an_app_request(requester=CHIARA), Policy(rules=(rule,)))

    early, reminded, escalated = (
        standing(terms, (), now=NOON + hours * HOUR) for hours in (0, 1, 2)
    )

    assert [each.name for each in early.approvers] == ["payments"]
    assert (early.is_reminded, reminded.is_reminded, reminded.is_escalated) == (False, True, False)
    assert [each.name for each in escalated.approvers] == ["payments", "platform"]


def test_time_alone_changes_something_at_the_reminder_the_escalation_and_the_end() -> None:
    terms = needed(an_app_request(requester=CHIARA)).model_copy(
        update={"remind_at": NOON + HOUR, "escalate_at": NOON + 2 * HOUR}
    )

    moments = [next_moment(terms, now=NOON + hours * HOUR) for hours in (0, 1, 2, 100)]

    assert moments == [NOON + HOUR, NOON + 2 * HOUR, terms.expires_at, terms.expires_at]


def test_a_request_expires_after_three_days() -> None:
    terms = needed(a_system_request())

    assert not is_expired(terms, now=NOON + timedelta(days=3, seconds=-1))
    assert is_expired(terms, now=NOON + timedelta(days=3))
