"""Asks before a request is undone: what would go, and what would stay."""

from collections.abc import Iterator
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View

from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.slack import card, ids, mrkdwn, outcomes, people
from bot.slack.asking import AskedFirst, on_press
from bot.usecases.undo import WHAT, undo, why_not_undo, would_do


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button, and to the answer to the question."""

    async def answered(ack: AsyncAck, body: dict[str, Any]) -> None:
        person = await people.person(ports, body["user"]["id"])
        reply = await undo(body["view"]["private_metadata"], person=person, ports=ports)
        await ack(response_action="update", view=people.remark(reply.text))

    app.action(ids.UNDO)(on_press(asked_first(ports), ports))
    app.view(ids.UNDOING)(answered)


def asked_first(ports: Ports) -> AskedFirst:
    """What an undo would take back, shown before it is begun."""
    return AskedFirst(
        what=WHAT,
        why_not=lambda job, person: why_not_undo(job, person, ports),
        draw=lambda job, _: question(job),
    )


def question(job: Job) -> View:
    """The modal that says what would go and what would stay."""
    return View(
        type="modal",
        callback_id=ids.UNDOING,
        title="Undo the request",
        submit="Undo",
        close="Back",
        private_metadata=job.id,
        blocks=[SectionBlock(text=mrkdwn.mrkdwn(told)) for told in _told(job)],
    )


def _told(job: Job) -> Iterator[str]:
    yield f"*{mrkdwn.escaped(card.headline(job))}*"
    steps = would_do(job)
    if not steps:
        yield "It has made nothing, so nothing goes. It ends for good, and its names become free."
        return
    listed = "\n".join(f"{n}. {title}" for n, title in enumerate(steps, start=1))
    yield f"This is done, in this order:\n{listed}"
    made = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
    yield f"What exists now: {', '.join(made)}." if made else "Nothing is finished so far."
    yield (
        "What people added to the repositories goes with them. What was not made for this "
        "request stays. Where GitLab keeps deleted projects for days, they are archived."
    )
