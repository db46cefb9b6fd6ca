"""Listens to the buttons that open a modal before anything is decided, and to what is filled in there."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.slack import answers, home, ids, people, reasons
from bot.slack.asking import AskedFirst, on_press
from bot.slack.decisions import decided
from bot.usecases import break_glass, review
from bot.usecases.reply import Reply

Wish = Callable[[str, Person, str], Awaitable[Reply]]
Listener = Callable[..., Awaitable[None]]

_IN_HOME = " home"


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to approve with a note, deny, break glass and reviewed."""

    async def approve(value: str, person: Person, note: str) -> Reply:
        return await decided(ports, value, person, Verdict.APPROVED, reason=note)

    async def deny(value: str, person: Person, reason: str) -> Reply:
        return await decided(ports, value, person, Verdict.DENIED, reason=reason)

    async def go_ahead(value: str, person: Person, reason: str) -> Reply:
        job_id, plan = ids.decided(value)
        return await break_glass.break_glass(
            job_id, person=person, reason=reason, plan=plan, ports=ports
        )

    async def looked(value: str, person: Person, remark: str) -> Reply:
        job_id, _ = ids.decided(value)
        return await review.review(job_id, person=person, remark=remark, ports=ports)

    def why_not_break_glass(job: Job, person: Person) -> str | None:
        return break_glass.why_not(job, person, at=ports.clock())

    app.action(ids.APPROVE_WITH_NOTE)(_asks(reasons.approval, ports))
    app.action(ids.DENY)(_asks(reasons.denial, ports))
    for action_id, what, why_not, draw in (
        (ids.BREAK_GLASS, break_glass.WHAT, why_not_break_glass, reasons.breaking_glass),
        (ids.REVIEWED, review.WHAT, review.why_not, reasons.review),
    ):
        app.action(action_id)(on_press(AskedFirst(what, why_not, _drawn(draw)), ports))
    for callback_id, wish in (
        (ids.APPROVAL, approve),
        (ids.DENIAL, deny),
        (ids.GLASS, go_ahead),
        (ids.REVIEW, looked),
    ):
        app.view(callback_id)(_submitted(ports, wish))


def _asks(draw: Callable[[str], View], ports: Ports) -> Listener:
    """A listener that opens the modal for anybody in the catalog: who may not decide is told when they submit it."""

    async def clicked(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await people.check_in_time(ports, body["user"]["id"])
        await client.views_open(trigger_id=body["trigger_id"], view=draw(_about(body)))

    return clicked


def _drawn(draw: Callable[[str, Job], View]) -> Callable[[Job, dict[str, Any]], View]:
    return lambda job, body: draw(_about(body), job)


def _about(body: dict[str, Any]) -> str:
    """The button's value, and whether the button was in somebody's Home, which is then drawn anew."""
    is_home = (body.get("view") or {}).get("type") == "home"
    return people.pressed(body) + (_IN_HOME if is_home else "")


def _submitted(ports: Ports, wish: Wish) -> Listener:
    async def submitted(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        if ids.REASON not in answers.inputs(body["view"]):
            raise answers.out_of_date()
        about = body["view"]["private_metadata"]
        reply = await _reply(ports, body, about.removesuffix(_IN_HOME), wish)
        if not reply.accepted:
            await ack(response_action="errors", errors={ids.REASON: reply.text})
            return
        await ack(response_action="update", view=people.remark(reply.text))
        if about.endswith(_IN_HOME):
            await home.publish(ports, client, slack_id=body["user"]["id"])

    return submitted


async def _reply(ports: Ports, body: dict[str, Any], value: str, wish: Wish) -> Reply:
    words = answers.typed(body["view"]["state"]["values"], ids.REASON)
    try:
        person = await people.person(ports, body["user"]["id"])
        return await wish(value, person, words)
    except TemporaryError as error:
        text = people.trouble(error, "Press the button again in a moment.")
        return Reply(accepted=False, text=text)
    except PermanentError as error:
        return Reply(accepted=False, text=f"{error.cause} {error.fix}")
