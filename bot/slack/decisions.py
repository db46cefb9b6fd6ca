"""Listens to the buttons that do what they say at once; whoever clicks is told what became of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.ports.bundle import Ports
from bot.slack import home, ids, people
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.reply import Reply
from bot.usecases.retry import retry

Wish = Callable[[str, Person], Awaitable[Reply]]


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to approve, deny, retry and cancel."""

    async def approve(value: str, person: Person) -> Reply:
        return await decided(ports, value, person, Verdict.APPROVED, reason="")

    async def try_again(job_id: str, person: Person) -> Reply:
        return await retry(job_id, person=person, ports=ports)

    async def stop(job_id: str, person: Person) -> Reply:
        return await cancel(job_id, person=person, ports=ports)

    app.action(ids.APPROVE)(_click(ports, approve))
    app.action(ids.RETRY)(_click(ports, try_again))
    app.action(ids.CANCEL)(_click(ports, stop))


def _click(ports: Ports, wish: Wish) -> Callable[..., Awaitable[None]]:
    """A listener that does what the button's job is wanted to do, and tells the person what became of it."""

    async def clicked(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        person = await people.person(ports, body["user"]["id"])
        reply = await wish(people.pressed(body), person)
        await people.tell(reply.text, body=body, client=client, respond=respond)
        if (body.get("view") or {}).get("type") == "home":
            await home.publish(ports, client, slack_id=person.slack_id)

    return clicked


async def decided(
    ports: Ports, value: str, person: Person, verdict: Verdict, *, reason: str
) -> Reply:
    """What becomes of a decision, by a button with this value, about the plan that was shown with it."""
    job_id, plan = ids.decided(value)
    return await decide(
        job_id, person=person, verdict=verdict, reason=reason, plan=plan, ports=ports
    )
