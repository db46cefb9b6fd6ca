"""Asks in a modal before something is done to a job, and asks only those who may do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.slack import ids, people
from bot.usecases import refusals
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known

Listener = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AskedFirst:
    """Something that is asked about first.

    `what` is the wish in the words of a job's history; `why_not` says why somebody may not have it, and is None when
    they may; `draw` makes the modal from the job and the payload that led to it.
    """

    what: str
    why_not: Callable[[Job, Person], str | None]
    draw: Callable[[Job, dict[str, Any]], View]


async def job_or_refusal(
    job_id: str,
    *,
    what: str,
    why_not: Callable[[Job, Person], str | None],
    person: Person,
    ports: Ports,
) -> Job | Reply:
    """The job, if this person may do that to it; else what they are told, which is written down."""
    job = await known(job_id, person=person, ports=ports)
    refused = why_not(job, person) if job else NO_SUCH_JOB.text
    if job and not refused:
        return job
    reply = Reply(accepted=False, text=str(refused))
    return await refusals.noted(reply, what=what, job_id=job_id, person=person, ports=ports)


async def drawn(
    asked: AskedFirst, job_id: str, *, person: Person, ports: Ports, body: dict[str, Any]
) -> View | Reply:
    """The modal, or what they are told instead."""
    found = await job_or_refusal(
        job_id, what=asked.what, why_not=asked.why_not, person=person, ports=ports
    )
    return found if isinstance(found, Reply) else asked.draw(found, body)


async def show(
    answer: View | Reply, *, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
) -> None:
    """Open the modal, or say why not."""
    if isinstance(answer, Reply):
        await people.tell(answer.text, body=body, client=client, respond=respond)
    else:
        await client.views_open(trigger_id=body["trigger_id"], view=answer)


def on_press(asked: AskedFirst, ports: Ports) -> Listener:
    """A listener that asks when a button is pressed."""

    async def pressed(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        job_id, _ = ids.decided(people.pressed(body))
        person = await people.person(ports, body["user"]["id"])
        answer = await drawn(asked, job_id, person=person, ports=ports, body=body)
        await show(answer, body=body, client=client, respond=respond)

    return pressed
