"""Asks a failed job's questions at fault again, and says what other answers would do before they are taken."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue, ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.blocks import Block, InputBlock, SectionBlock
from slack_sdk.models.views import View

from bot.domain.approval import named
from bot.domain.errors import PermanentError, RequestRejected, TemporaryError
from bot.domain.job import Job
from bot.domain.value import Value
from bot.ports.bundle import Ports
from bot.ports.template_library import Template
from bot.slack import answers, card, ids, inputs, mrkdwn, people, questions
from bot.slack.asking import AskedFirst, job_or_refusal, on_press
from bot.slack.submissions import TIME_TO_CHECK, TOO_SLOW, shown
from bot.usecases.fix_input import WHAT, Foreseen, fix_input, foresee, why_not_fix
from bot.usecases.reply import Reply

_TITLE = "Fix the input"


class Given(Value):
    """What a modal has to remember: the job, and in the second one the answers of the first."""

    job: str
    values: Mapping[str, JsonValue] = {}


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button, to the answers, and to the word that they shall count."""

    async def answered(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(**await _answer(ports, body))

    async def confirmed(ack: AsyncAck, body: dict[str, Any]) -> None:
        given = _given(body["view"])
        try:
            text = (await _fix(ports, given, slack_id=body["user"]["id"])).text
        except RequestRejected as rejected:
            text = " ".join(rejected.problems.values())
        await ack(response_action="update", view=people.remark(text))

    app.action(ids.FIX)(on_press(asked_first(ports), ports))
    app.view(ids.FIXING)(answered)
    app.view(ids.FIX_CONFIRMED)(confirmed)


def asked_first(ports: Ports) -> AskedFirst:
    """The questions at fault, with the answers given so far."""
    return AskedFirst(
        what=WHAT,
        why_not=lambda job, person: why_not_fix(job, person, ports),
        draw=lambda job, _: question(job, ports.templates.get(job.request.template)),
    )


def question(job: Job, template: Template) -> View:
    """The modal with only the questions at fault.

    Raises:
        PermanentError: the template's form does not have them any more.
    """
    asked = [block for block in _asked(job, template) if isinstance(block, InputBlock)]
    if not asked:
        raise PermanentError(
            "The template's form does not ask any more for what is at fault.",
            "Undo this request, and ask anew.",
        )
    causes = "\n".join(mrkdwn.escaped(record.reason) for record in job.to_retry.values())
    return View(
        type="modal",
        callback_id=ids.FIXING,
        title=_TITLE,
        submit="Go on",
        close="Back",
        private_metadata=Given(job=job.id).model_dump_json(),
        blocks=[
            SectionBlock(text=mrkdwn.mrkdwn(f"*{mrkdwn.escaped(card.headline(job))}*\n{causes}")),
            *asked,
        ],
    )


def _asked(job: Job, template: Template) -> Iterator[Block]:
    said = dict(job.request.parameters)
    for each in questions.questions(template, said):
        if each.name in job.fields_at_fault:
            before = each.asked.model_copy(update={"default": said.get(each.name)})
            again = replace(each, asked=before)
            yield from inputs.blocks(again, has_focus=False, is_watched=False)


def confirmation(given: Given, foreseen: Foreseen) -> View:
    """The modal that says what becomes of what was made so far."""
    return View(
        type="modal",
        callback_id=ids.FIX_CONFIRMED,
        title=_TITLE,
        submit="Do it",
        close="Back",
        private_metadata=given.model_dump_json(),
        blocks=[
            SectionBlock(text=mrkdwn.mrkdwn(f"*{heading}*\n{lines}"))
            for heading, lines in _told(foreseen)
        ],
    )


def _told(foreseen: Foreseen) -> Iterator[tuple[str, str]]:
    told = (
        ("Taken back first, as far as this request has made it", foreseen.taken_back),
        (
            "Changed where it stands; who has edited the same files finds it in their history",
            foreseen.changed,
        ),
        ("Done again", foreseen.again),
        ("Stays as it is", foreseen.stays),
    )
    for heading, lines in told:
        if lines:
            yield heading, _bullets(lines)
    if foreseen.voided:
        groups = (
            ", then ".join(named(stage.groups) for stage in foreseen.approval.stages)
            if foreseen.approval
            else ""
        )
        whom = f"{mrkdwn.escaped(groups)} is asked again" if groups else "nobody has to agree now"
        yield f"The approval does not hold for this: {whom}", _bullets(foreseen.voided)


def _bullets(lines: tuple[str, ...]) -> str:
    return "\n".join(f"• {mrkdwn.escaped(line)}" for line in lines)


async def _answer(ports: Ports, body: dict[str, Any]) -> dict[str, Any]:
    """What Slack is to do with the modal: problems under their fields, or another view."""
    try:
        async with asyncio.timeout(TIME_TO_CHECK):
            return {"response_action": "update", "view": await _after_answers(ports, body)}
    except RequestRejected as rejected:
        return {"response_action": "errors", "errors": _errors(body, rejected.problems)}
    except (TimeoutError, TemporaryError, PermanentError) as error:
        return {"response_action": "errors", "errors": _errors(body, {"": _why(error)})}


async def _after_answers(ports: Ports, body: dict[str, Any]) -> View:
    """What follows: a question where something would be touched that is there, else the deed."""
    view, slack_id = body["view"], body["user"]["id"]
    job_id = _given(view).job
    person = await people.person(ports, slack_id)
    first = asked_first(ports)
    job = await job_or_refusal(
        job_id, what=first.what, why_not=first.why_not, person=person, ports=ports
    )
    if isinstance(job, Reply):
        return people.remark(job.text)
    template = ports.templates.get(job.request.template)
    given = Given(job=job_id, values=answers.read(template, view["state"]["values"]))
    foreseen = await foresee(job, given.values, person=person, ports=ports)
    if not foreseen.is_harmless:
        return confirmation(given, foreseen)
    return people.remark((await _fix(ports, given, slack_id=slack_id)).text)


async def _fix(ports: Ports, given: Given, *, slack_id: str) -> Reply:
    person = await people.person(ports, slack_id)
    return await fix_input(given.job, given.values, person=person, ports=ports)


def _given(view: Mapping[str, Any]) -> Given:
    try:
        return Given.model_validate_json(view["private_metadata"])
    except ValidationError as error:
        raise answers.out_of_date() from error


def _errors(body: dict[str, Any], problems: Mapping[str, str]) -> dict[str, str]:
    return shown(problems, answers.inputs(body["view"]))


def _why(error: Exception) -> str:
    if isinstance(error, PermanentError):
        return f"{error.cause} {error.fix}"
    if isinstance(error, TemporaryError):
        return people.trouble(error, "Nothing was changed; press the button again in a moment.")
    return TOO_SLOW
