"""Asks before a request is undone: what would go, and what would stay."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.slack import card, ids, mrkdwn, outcomes, people
from bot.usecases import refusals
from bot.usecases.reply import Reply
from bot.usecases.rights import known
from bot.usecases.undo import undo, why_not_undo, would_do


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button, and to the answer to the question."""

    async def clicked(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        job_id, slack_id = people.pressed(body), body["user"]["id"]
        await ask_first(ports, client, job_id, slack_id=slack_id, body=body, respond=respond)

    async def answered(ack: AsyncAck, body: dict[str, Any]) -> None:
        person = await people.person(ports, body["user"]["id"])
        reply = await undo(body["view"]["private_metadata"], person=person, ports=ports)
        await ack(response_action="update", view=people.remark(reply.text))

    app.action(ids.UNDO)(clicked)
    app.view(ids.UNDOING)(answered)


async def ask_first(
    ports: Ports,
    client: AsyncWebClient,
    job_id: str,
    *,
    slack_id: str,
    body: dict[str, Any],
    respond: AsyncRespond,
) -> None:
    """Show what an undo would take back, or say why it cannot be done."""
    person = await people.person(ports, slack_id)
    job = await known(job_id, person=person, ports=ports)
    why_not = why_not_undo(job, person, ports) if job else "That job is not known any more."
    if not job or why_not:
        refused = Reply(accepted=False, text=str(why_not))
        await refusals.noted(refused, what="undo", job_id=job_id, person=person, ports=ports)
        await people.tell(str(why_not), body=body, client=client, respond=respond)
        return
    await client.views_open(trigger_id=body["trigger_id"], view=question(job))


def question(job: Job) -> View:
    """The modal that says what would go and what would stay."""
    steps = "\n".join(f"{n}. {title}" for n, title in enumerate(would_do(job), start=1))
    made = [mrkdwn.link(made.url, made.label) for made in outcomes.outcomes(job)]
    exists = f"What exists now: {', '.join(made)}." if made else "Nothing is finished so far."
    return View(
        type="modal",
        callback_id=ids.UNDOING,
        title="Undo the request",
        submit="Undo",
        close="Back",
        private_metadata=job.id,
        blocks=[
            SectionBlock(text=mrkdwn.mrkdwn(f"*{mrkdwn.escaped(card.headline(job))}*")),
            SectionBlock(text=mrkdwn.mrkdwn(f"This is done, in this order:\n{steps}")),
            SectionBlock(text=mrkdwn.mrkdwn(exists)),
            SectionBlock(
                text=mrkdwn.mrkdwn(
                    "What people added to the repositories goes with them. What was not made for this "
                    "request stays. Where GitLab keeps deleted projects for days, they are archived."
                )
            ),
        ],
    )
