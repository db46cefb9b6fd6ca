"""The modals that ask for words before something is decided: why, or a note."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.views import View

from bot.domain import duration
from bot.domain.approval import named
from bot.domain.job import Job
from bot.pipeline.approvals import terms_of
from bot.slack import card, ids, mrkdwn, verdicts

_LENGTH = 300


def denial(about: str) -> View:
    """Ask why it is denied."""
    hint = "The requester reads this in the thread; say what would have to be different."
    return _modal(
        about, ids.DENIAL, "Deny the request", "Deny", asked=_asked("Why?", hint, is_optional=False)
    )


def approval(about: str) -> View:
    """Offer to say something along with an approval."""
    hint = "Everybody reads this on the card."
    return _modal(
        about,
        ids.APPROVAL,
        "Approve with a note",
        "Approve",
        asked=_asked("Note", hint, is_optional=True),
    )


def breaking_glass(about: str, job: Job) -> View:
    """Say what follows from breaking the glass, and ask why it cannot wait."""
    terms = terms_of(job)
    glass = terms.break_glass if terms else None
    reviewers = mrkdwn.escaped(named(glass.reviewers)) if glass else ""
    within = duration.in_short(glass.review_within) if glass else ""
    follows = (
        "It goes ahead at once, without the approval that it waits for.",
        "The channel, the requester and all who would have been asked are told that it was you, and why.",
        f"A member of {reviewers} other than you and the requester reviews it within {within}.",
        "It stays in the audit for good.",
    )
    return _modal(
        about,
        ids.GLASS,
        "Break the glass",
        "Break glass",
        before=[
            f"*{mrkdwn.escaped(card.headline(job))}*",
            "\n".join(f"• {line}" for line in follows),
        ],
        asked=_asked("Why can it not wait?", "Everybody reads this.", is_optional=False),
    )


def review(about: str, job: Job) -> View:
    """Show what is to be reviewed, and take a remark."""
    return _modal(
        about,
        ids.REVIEW,
        "Review",
        "Reviewed",
        before=[f"*{mrkdwn.escaped(card.headline(job))}*", verdicts.settled(job) or ""],
        asked=_asked("Remark", "Everybody reads this on the card.", is_optional=True),
    )


def _modal(
    about: str,
    callback_id: str,
    title: str,
    submit: str,
    *,
    asked: InputBlock,
    before: Sequence[str] = (),
) -> View:
    told: list[Block] = [SectionBlock(text=mrkdwn.mrkdwn(text)) for text in before if text]
    return View(
        type="modal",
        callback_id=callback_id,
        title=title,
        submit=submit,
        close="Back",
        private_metadata=about,
        blocks=[*told, asked],
    )


def _asked(label: str, hint: str, *, is_optional: bool) -> InputBlock:
    return InputBlock(
        block_id=ids.REASON,
        label=mrkdwn.plain(label),
        hint=mrkdwn.plain(hint, 150),
        optional=is_optional,
        element=PlainTextInputElement(action_id=ids.REASON, multiline=True, max_length=_LENGTH),
    )
