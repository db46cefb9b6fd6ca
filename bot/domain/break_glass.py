"""Going ahead without approval in an emergency: who may, and who has to look at it afterwards."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.approval import ApprovalTerms, Decision, named
from bot.domain.authors import Authors
from bot.domain.entities import Person
from bot.domain.value import Value

REVIEWED = "reviewed"
REVIEW_OVERDUE = "review-overdue"
"""What a job's history says of these."""


class Review(Value):
    """Somebody looked at a broken glass afterwards; the remark may be empty."""

    by: Person
    at: datetime
    remark: str = ""


def broken_glass(decisions: Sequence[Decision]) -> Decision | None:
    """By whom, when and why the request was let go ahead without approval; the last time, if that was so."""
    return next((decision for decision in reversed(decisions) if decision.glass), None)


def unreviewed_glass(decisions: Sequence[Decision], review: Review | None) -> Decision | None:
    """The broken glass that nobody has looked at yet; a review speaks for what was before it."""
    broken = broken_glass(decisions)
    return None if broken and review and review.at >= broken.at else broken


def why_not_break_glass(person: Person, terms: ApprovalTerms) -> str | None:
    """Why this person may not let the request go ahead, as a sentence for them; None when they may."""
    if not terms.break_glass:
        return "The rule that asks for this approval has no break-glass."
    if not any(person.is_in(group) for group in terms.break_glass.groups):
        return f"Only members of {named(terms.break_glass.groups)} can break the glass."
    return None


def review_due(broken: Decision) -> datetime:
    """Until when a broken glass has to be reviewed."""
    return broken.at + broken.glass.review_within if broken.glass else broken.at


def why_not_review(person: Person, *, authors: Authors, broken: Decision) -> str | None:
    """Why this person may not review the broken glass, as a sentence for them; None when they may.

    As with an approval it takes a second pair of eyes: neither who broke the glass counts, nor who asked for it.
    """
    if person.user == broken.by.user:
        return "You broke the glass yourself, so somebody else has to review it."
    if why_not := authors.why_not(person, to="review it"):
        return why_not
    reviewers = broken.glass.reviewers if broken.glass else ()
    if not any(person.is_in(group) for group in reviewers):
        return f"Only members of {named(reviewers)} can review this."
    return None
