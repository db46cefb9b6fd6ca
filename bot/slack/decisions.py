"""Listens to the buttons on cards; whoever clicks is told what became of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.blocks import InputBlock, PlainTextInputElement
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.bundle import Ports
from bot.slack import home, ids, mrkdwn, people
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.reply import Reply
from bot.usecases.retry import retry

_REASON_LENGTH = 300

Wish = Callable[[str, Person], Awaitable[Reply]]


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to approve, deny, retry and cancel."""

    async def approve(value: str, person: Person) -> Reply:
        return await _decided(ports, value, person, Verdict.APPROVED, reason="")

    async def try_again(job_id: str, person: Person) -> Reply:
        return await retry(job_id, person=person, ports=ports)

    async def stop(job_id: str, person: Person) -> Reply:
        return await cancel(job_id, person=person, ports=ports)

    async def deny(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = denial(body["actions"][0]["value"])
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def denied(ack: AsyncAck, body: dict[str, Any]) -> None:
        reply = await _denied(ports, body)
        if reply.accepted:
            await ack(response_action="update", view=people.remark(reply.text))
        else:
            await ack(response_action="errors", errors={ids.DENIAL_REASON: reply.text})

    app.action(ids.APPROVE)(_click(ports, approve))
    app.action(ids.RETRY)(_click(ports, try_again))
    app.action(ids.CANCEL)(_click(ports, stop))

    app.action(ids.DENY)(deny)
    app.view(ids.DENIAL)(denied)


def denial(value: str) -> View:
    """The modal that asks why; it remembers which button it came from by the button's value."""
    return View(
        type="modal",
        callback_id=ids.DENIAL,
        title="Deny the request",
        submit="Deny",
        close="Back",
        private_metadata=value,
        blocks=[
            InputBlock(
                block_id=ids.DENIAL_REASON,
                label=mrkdwn.plain("Why?"),
                hint=mrkdwn.plain(
                    "The requester reads this, and what to change, in the thread.", 150
                ),
                element=PlainTextInputElement(
                    action_id=ids.DENIAL_REASON, multiline=True, max_length=_REASON_LENGTH
                ),
            )
        ],
    )


def _click(ports: Ports, wish: Wish) -> Callable[..., Awaitable[None]]:
    """A listener that does what the button's job is wanted to do, and tells the person what became of it."""

    async def clicked(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        person = await people.person(ports, body["user"]["id"])
        reply = await wish(body["actions"][0]["value"], person)
        await people.tell(reply.text, body=body, client=client, respond=respond)
        if (body.get("view") or {}).get("type") == "home":
            await home.publish(ports, client, slack_id=person.slack_id)

    return clicked


async def _denied(ports: Ports, body: dict[str, Any]) -> Reply:
    view = body["view"]
    reason = view["state"]["values"][ids.DENIAL_REASON][ids.DENIAL_REASON]["value"] or ""
    try:
        person = await people.person(ports, body["user"]["id"])
        value = view["private_metadata"]
        return await _decided(ports, value, person, Verdict.DENIED, reason=reason)
    except TemporaryError as error:
        return Reply(accepted=False, text=f"{error.cause} Press the button again in a moment.")
    except PermanentError as error:
        return Reply(accepted=False, text=f"{error.cause} {error.fix}")


async def _decided(
    ports: Ports, value: str, person: Person, verdict: Verdict, *, reason: str
) -> Reply:
    job_id, plan = ids.decided(value)
    return await decide(
        job_id, person=person, verdict=verdict, reason=reason, plan=plan, ports=ports
    )
