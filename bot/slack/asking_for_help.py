"""Asks what the platform team should know before it is asked to look at a failed request."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.views import View

from bot.domain.job import Job
from bot.domain.platform import Platform
from bot.ports.bundle import Ports
from bot.slack import answers, card, ids, mrkdwn, people
from bot.slack.asking import AskedFirst, on_press
from bot.usecases.ask_platform_team import WHAT, ask_platform_team, why_not_ask

_MOST_WORDS = 300


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button, and to what is to be said."""
    asked = AskedFirst(
        what=WHAT,
        why_not=lambda job, person: why_not_ask(job, person, ports),
        draw=lambda job, _: question(job, ports.platform),
    )

    async def answered(ack: AsyncAck, body: dict[str, Any]) -> None:
        view = body["view"]
        words = answers.typed(view["state"]["values"], ids.HELP_WORDS)
        person = await people.person(ports, body["user"]["id"])
        reply = await ask_platform_team(
            view["private_metadata"], words=words, person=person, ports=ports
        )
        await ack(response_action="update", view=people.remark(reply.text))

    app.action(ids.HELP)(on_press(asked, ports))
    app.view(ids.HELPING)(answered)


def question(job: Job, platform: Platform) -> View:
    """The modal that says who is told what, and asks for a sentence."""
    place = platform.platform_channel
    whom = f"The platform team reads in <#{place}>" if place else "The platform team's members read"
    return View(
        type="modal",
        callback_id=ids.HELPING,
        title="Ask the platform team",
        submit="Ask",
        close="Back",
        private_metadata=job.id,
        blocks=[
            SectionBlock(text=mrkdwn.mrkdwn(f"*{mrkdwn.escaped(card.headline(job))}*")),
            SectionBlock(
                text=mrkdwn.mrkdwn(
                    f"{whom} what was asked for and by whom, what failed and why, and what exists by now."
                )
            ),
            InputBlock(
                block_id=ids.HELP_WORDS,
                label=mrkdwn.plain("What should they know besides?"),
                optional=True,
                element=PlainTextInputElement(
                    action_id=ids.HELP_WORDS, multiline=True, max_length=_MOST_WORDS
                ),
            ),
        ],
    )
