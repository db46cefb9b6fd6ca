"""What people are shown when they ask what there is: help, lists of jobs, and guesses at what they meant."""

import difflib
from collections.abc import Collection, Iterable, Iterator

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, SectionBlock

from bot.domain.job import Job
from bot.slack import card, ids, mrkdwn, outcomes, tasks, verdicts

_SHOWN = 10
_HELP = (
    ("/idp new-app", "a new application from a golden-path template, up to its live URL"),
    ("/idp new-system", "a new system in the catalog, for applications to belong to"),
    ("/idp status [job or application]", "how something stands"),
    ("/idp jobs", "the newest requests"),
    ("/idp retry [job or application]", "go on from the step that failed"),
    ("/idp fix [job or application]", "answer anew what the form asked, where that is at fault"),
    ("/idp cancel [job or application]", "stop after what is being done now"),
    ("/idp undo [job or application]", "take back what a failed or cancelled request has made"),
)


def help_blocks() -> list[Block]:
    """All commands, and buttons that open the forms."""
    lines = "\n".join(f"`{command}` {meaning}" for command, meaning in _HELP)
    return [SectionBlock(text=mrkdwn.mrkdwn(lines)), form_buttons()]


def form_buttons() -> ActionsBlock:
    """Buttons that open the forms."""
    return ActionsBlock(
        elements=[
            ButtonElement(
                text=mrkdwn.plain("New application"), action_id=ids.OPEN_NEW_APP, style="primary"
            ),
            ButtonElement(text=mrkdwn.plain("New system"), action_id=ids.OPEN_NEW_SYSTEM),
        ]
    )


def unknown_word(word: str, *, among: Iterable[str], told: str) -> tuple[str, list[Block]]:
    """What somebody may have meant by a word that is none of those known.

    Args:
        word: what they typed.
        among: the words known.
        told: how the right word is to be typed, with `{}` for it.
    """
    known = list(among)
    close = difflib.get_close_matches(word.lower(), known, n=1)
    shown = mrkdwn.clean(word, 40)
    if close:
        text = f"There is no “{shown}”. Did you mean “{told.format(close[0])}”?"
    else:
        text = f"There is no “{shown}”. There is: {', '.join(known)}."
    return text, [SectionBlock(text=mrkdwn.mrkdwn(mrkdwn.escaped(text, 1000))), form_buttons()]


def job_list(jobs: Collection[Job], *, asked_by: str) -> tuple[str, list[Block]]:
    """The newest jobs, one's own first."""
    if not jobs:
        text = "Nobody has asked for anything yet."
        return text, [SectionBlock(text=mrkdwn.mrkdwn(text)), form_buttons()]
    ordered = sorted(jobs, key=lambda job: job.request.requester.slack_id != asked_by)
    return "The newest requests", list(job_blocks(ordered[:_SHOWN]))


def job_blocks(jobs: Iterable[Job]) -> Iterator[Block]:
    """A short paragraph for each job."""
    for job in jobs:
        yield SectionBlock(text=mrkdwn.mrkdwn("\n".join(_job_lines(job))))


def _job_lines(job: Job) -> Iterator[str]:
    requester = f"<@{job.request.requester.slack_id}>"
    yield f"*{mrkdwn.escaped(card.headline(job), 150)}*"
    yield f"{tasks.progress(job)} · {requester} · {mrkdwn.moment(job.created_at)} · `{job.id}`"
    if job.unreviewed_glass:
        yield verdicts.review(job) or ""
    links = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
    if links:
        yield " · ".join(links)
