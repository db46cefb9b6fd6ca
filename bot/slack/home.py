"""The app's Home: what one can ask for, what waits for one's decision or review, what came of it, one's own requests."""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.models.blocks import ActionsBlock, Block, HeaderBlock, SectionBlock
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain import approval
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job
from bot.domain.notices import direct_messages
from bot.pipeline.approvals import is_undecided, standing_of, terms_of
from bot.pipeline.seeing import may_see
from bot.ports.bundle import Ports
from bot.slack import card, guide, ids, mrkdwn, verdicts
from bot.usecases import review
from bot.usecases.look_up import recent

log = structlog.get_logger()

_LOOKED_AT = 200
_SHOWN = 8
_SETTLED_SHOWN = 5


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the Home being opened."""

    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("tab") == "home":
            await publish(ports, client, slack_id=event["user"])

    app.event("app_home_opened")(opened)


async def publish(ports: Ports, client: AsyncWebClient, *, slack_id: str) -> None:
    """Draw somebody's Home as things stand, or why that cannot be: nothing else can be answered to who opens it."""
    try:
        view = await _as_things_stand(ports, slack_id)
    except PermanentError as error:
        log.warning("slack.home_not_drawn", cause=error.cause)
        view = _trouble(f"{error.cause} {error.fix}")
    except TemporaryError as error:
        log.warning("slack.home_not_drawn", cause=error.cause)
        view = _trouble(f"{error.cause} Open this tab again in a moment.")
    await client.views_publish(user_id=slack_id, view=view)


async def _as_things_stand(ports: Ports, slack_id: str) -> View:
    person = await ports.directory.whois(slack_id)
    found = await recent(jobs=ports.jobs, limit=_LOOKED_AT)
    jobs = [job for job in found if person and may_see(person, job, ports.platform)]
    return home(jobs, person)


def _trouble(text: str) -> View:
    return View(type="home", blocks=[_words(mrkdwn.own(text, 1000))])


def home(jobs: Sequence[Job], person: Person | None) -> View:
    """The Home of a person, from jobs of which they may know."""
    return View(type="home", blocks=list(_blocks(jobs, person)))


def _blocks(jobs: Sequence[Job], person: Person | None) -> Iterator[Block]:
    yield HeaderBlock(text=mrkdwn.plain("What do you need?"))
    yield guide.form_buttons()
    if not person:
        yield _words(
            "The catalog does not know you yet, so ask the platform team to add you first."
        )
        return
    waiting = [job for job in jobs if _may_decide(job, person)]
    if waiting:
        yield HeaderBlock(text=mrkdwn.plain("Waiting for your decision"))
        yield from _to_decide(waiting[:_SHOWN])
    unreviewed = [job for job in jobs if _may_review(job, person)]
    if unreviewed:
        yield HeaderBlock(text=mrkdwn.plain("Waiting for your review"))
        yield from _to_review(unreviewed[:_SHOWN])
    asked = [job for job in jobs if _was_asked(job, person) and job not in unreviewed]
    settled = [job for job in asked if not is_undecided(job)]
    if settled:
        yield HeaderBlock(text=mrkdwn.plain("You were asked, and this came of it"))
        yield from _settled(settled[:_SETTLED_SHOWN])
    yield HeaderBlock(text=mrkdwn.plain("Your requests"))
    mine = [job for job in jobs if job.request.requester.user == person.user][:_SHOWN]
    yield from guide.job_blocks(mine)
    if not mine:
        yield _words("You have not asked for anything yet. “/idp” works in every channel.")


def _may_decide(job: Job, person: Person) -> bool:
    waits_for = standing_of(job)
    if not waits_for or not is_undecided(job):
        return False
    return not approval.refusal(
        person, authors=job.authors, standing=waits_for, decisions=job.decisions
    )


def _may_review(job: Job, person: Person) -> bool:
    return job.unreviewed_glass is not None and not review.why_not(job, person)


def _was_asked(job: Job, person: Person) -> bool:
    return any(notice.about == person.slack_id for notice, _ in direct_messages(job))


def _to_review(jobs: Sequence[Job]) -> Iterator[Block]:
    for job in jobs:
        yield from guide.job_blocks([job])
        yield _words(verdicts.outcome(job))
        yield ActionsBlock(block_id=ids.actions(job.id), elements=[card.review_button(job)])


def _settled(jobs: Sequence[Job]) -> Iterator[Block]:
    for job in jobs:
        told = (
            f"*{mrkdwn.escaped(card.headline(job), 150)}*",
            verdicts.outcome(job),
            verdicts.review(job),
        )
        yield _words("\n".join(filter(None, told)))


def _to_decide(jobs: Sequence[Job]) -> Iterator[Block]:
    for job in jobs:
        yield from guide.job_blocks([job])
        terms = terms_of(job)
        told = [job.request.description, *(terms.reasons if terms else ())]
        yield _words("\n".join(mrkdwn.escaped(sentence) for sentence in told))
        yield ActionsBlock(block_id=ids.actions(job.id), elements=list(card.decision_buttons(job)))


def _words(text: str) -> SectionBlock:
    return SectionBlock(text=mrkdwn.mrkdwn(text))
