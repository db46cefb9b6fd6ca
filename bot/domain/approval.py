"""Who must agree to a request, who may, and what was decided."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from bot.domain.authors import Authors
from bot.domain.entities import EntityRef, Person
from bot.domain.value import Value

TIME_TO_DECIDE = timedelta(days=3)


class Stage(Value):
    """One round of agreement: so many different members of any of the groups, none of the request's authors."""

    groups: tuple[EntityRef, ...] = Field(min_length=1)
    needed: int = Field(default=1, ge=1)


class BreakGlass(Value):
    """An emergency exit: members of `groups`, also the requester, may let the request go ahead at once.

    Members of `reviewers` look at it afterwards, within `review_within`.
    """

    groups: tuple[EntityRef, ...] = Field(min_length=1)
    reviewers: tuple[EntityRef, ...] = Field(min_length=1)
    review_within: timedelta


class ApprovalTerms(Value):
    """Why approval is needed and from whom: the stages one after the other, until the time is over.

    Who has not answered by `remind_at` is asked again; from `escalate_at` on members of `escalate_to` may decide, too.
    """

    reasons: tuple[str, ...]
    stages: tuple[Stage, ...] = Field(min_length=1)
    expires_at: datetime
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    escalate_to: tuple[EntityRef, ...] = ()
    break_glass: BreakGlass | None = None


class Verdict(StrEnum):
    """What an approver can say, and how a request goes ahead without them."""

    APPROVED = "approved"
    DENIED = "denied"
    BREAK_GLASS = "break-glass"


class Decision(Value):
    """What somebody decided about a request, and when; the reason of an approval is a note that may be empty.

    `plan` is the digest of what they were told would be made. `glass` is what held for the one who broke the glass, as
    later rules may be others.
    """

    verdict: Verdict
    by: Person
    at: datetime
    reason: str = ""
    plan: str = ""
    glass: BreakGlass | None = None


class Voiding(Value):
    """Decisions that do not hold any more, as something else is to be made than they were about.

    `changed` says what, a sentence each.
    """

    decisions: tuple[Decision, ...]
    changed: tuple[str, ...]
    at: datetime


class Standing(Value):
    """How far an approval has come: whom it waits for now.

    `settled` is what it has come to, None while somebody is still missing. `stage` counts from one.
    """

    stage: int
    stages: int
    approvers: tuple[EntityRef, ...]
    missing: int
    settled: Verdict | None = None
    is_reminded: bool = False
    is_escalated: bool = False


def standing(terms: ApprovalTerms, decisions: Sequence[Decision], *, now: datetime) -> Standing:
    """Count the decisions: one denial or broken glass ends it, and nobody counts twice, in whichever stage."""
    for decision in decisions:
        if decision.verdict is not Verdict.APPROVED:
            return _standing(terms, len(terms.stages), 0, decision.verdict, now=now)
    given = len({decision.by.user for decision in decisions})
    for number, stage in enumerate(terms.stages, start=1):
        if given < stage.needed:
            return _standing(terms, number, stage.needed - given, None, now=now)
        given -= stage.needed
    return _standing(terms, len(terms.stages), 0, Verdict.APPROVED, now=now)


def _standing(
    terms: ApprovalTerms, number: int, missing: int, settled: Verdict | None, *, now: datetime
) -> Standing:
    escalated = bool(terms.escalate_at and now >= terms.escalate_at)
    groups = (*terms.stages[number - 1].groups, *(terms.escalate_to if escalated else ()))
    return Standing(
        stage=number,
        stages=len(terms.stages),
        approvers=tuple(dict.fromkeys(groups)),
        missing=missing,
        settled=settled,
        is_reminded=bool(terms.remind_at and now >= terms.remind_at),
        is_escalated=escalated,
    )


def refusal(
    person: Person, *, authors: Authors, standing: Standing, decisions: Sequence[Decision]
) -> str | None:
    """Why this person may not decide now, as a sentence for them; None when they may."""
    if why_not := authors.why_not(person, to="decide"):
        return why_not
    if not any(person.is_in(group) for group in standing.approvers):
        return f"Only members of {named(standing.approvers)} can decide this."
    if any(decision.by.user == person.user for decision in decisions):
        return "You have agreed already; somebody else has to agree, too."
    return None


def is_asked_otherwise(before: ApprovalTerms | None, after: ApprovalTerms | None) -> bool:
    """Whether others have to agree, or may come to, by the terms that take the place of earlier ones."""
    asked = [(terms.stages, terms.escalate_to) if terms else None for terms in (before, after)]
    return asked[0] != asked[1]


def is_expired(terms: ApprovalTerms, *, now: datetime) -> bool:
    """Whether not everybody decided within the time allowed."""
    return now >= terms.expires_at


def next_moment(terms: ApprovalTerms, *, now: datetime) -> datetime:
    """When time alone changes something next: a reminder, an escalation, the end."""
    return min((moment for moment in _moments(terms) if moment > now), default=terms.expires_at)


def awaited_moment(terms: ApprovalTerms, *, look_at: datetime) -> datetime:
    """The moment for which a look at that time was planned: it comes a little after it, as clocks go on."""
    return max((moment for moment in _moments(terms) if moment <= look_at), default=look_at)


def _moments(terms: ApprovalTerms) -> list[datetime]:
    return [at for at in (terms.remind_at, terms.escalate_at, terms.expires_at) if at]


def named(groups: Sequence[EntityRef]) -> str:
    """The groups as they are written in a sentence."""
    return " or ".join(group.name for group in groups)
