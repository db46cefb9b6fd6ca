"""Who must agree to a request, who may, and what was decided."""

from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.entities import EntityRef, Person
from bot.domain.value import Value

TIME_TO_DECIDE = timedelta(days=3)


class ApprovalTerms(Value):
    """Why approval is needed and from whom: any one member of any of the groups, never the requester."""

    reasons: tuple[str, ...]
    approvers: tuple[EntityRef, ...]
    expires_at: datetime


class Verdict(StrEnum):
    """What an approver can say."""

    APPROVED = "approved"
    DENIED = "denied"


class Decision(Value):
    """What was decided about a request, by whom and when."""

    verdict: Verdict
    by: Person
    at: datetime
    reason: str = ""


def refusal(person: Person, *, requester: Person, terms: ApprovalTerms) -> str | None:
    """Why this person may not decide, as a sentence for them; None when they may."""
    if person.user == requester.user:
        return "You asked for this yourself, so somebody else has to decide."
    if not any(person.is_in(group) for group in terms.approvers):
        groups = " or ".join(group.name for group in terms.approvers)
        return f"Only members of {groups} can decide this."
    return None


def is_expired(terms: ApprovalTerms, *, now: datetime) -> bool:
    """Whether nobody decided within the time allowed."""
    return now >= terms.expires_at
