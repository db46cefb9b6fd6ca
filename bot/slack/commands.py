"""Answers `/idp` and its sub-commands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.entities import Person
from bot.domain.job import Job
from bot.pipeline.seeing import may_see
from bot.ports.bundle import Ports
from bot.slack import fixing, forms, guide, ids, messages, mrkdwn, people, undoing
from bot.slack.asking import AskedFirst, drawn, show
from bot.usecases import refusals
from bot.usecases.cancel import cancel
from bot.usecases.look_up import look_up, recent
from bot.usecases.reply import Reply
from bot.usecases.retry import retry

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Given:
    """A command as somebody gave it, with the ways to answer."""

    ports: Ports
    words: str
    body: dict[str, Any]
    client: AsyncWebClient
    respond: AsyncRespond

    async def person(self) -> Person:
        """Who gave it.

        Raises:
            PermanentError: the catalog does not know them.
        """
        return await people.person(self.ports, self.body["user_id"])

    async def say(self, text: str, blocks: Any = None) -> None:
        """Answer in a message that only they see."""
        await self.respond(text=mrkdwn.own(text), blocks=blocks, response_type="ephemeral")


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the one command."""

    async def idp(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        name, _, words = (body.get("text") or "help").strip().partition(" ")
        answer = _SUB_COMMANDS.get(name.lower())
        given = Given(ports, words.strip(), body, client, respond)
        if answer:
            await answer(given)
        else:
            await given.say(*guide.unknown_word(name, among=_SUB_COMMANDS, told="/idp {}"))

    app.command(ids.COMMAND)(idp)


async def _help(given: Given) -> None:
    await given.say("What /idp can do", guide.help_blocks())


async def _new_app(given: Given) -> None:
    await _open(given, "new-app")


async def _new_system(given: Given) -> None:
    await _open(given, "new-system")


async def _open(given: Given, kind: str) -> None:
    """Open the form at once, for Slack gives three seconds; a template that was named is shown first."""
    await people.check_in_time(given.ports, given.body["user_id"])
    if freeze := await given.ports.jobs.frozen():
        await given.say(freeze.told)
        await refusals.frozen(freeze, kind, slack_id=given.body["user_id"], ports=given.ports)
        return
    where = {"trigger_id": given.body["trigger_id"], "channel": given.body["channel_id"]}
    if not given.words:
        await forms.open_first(given.ports, given.client, kind, **where)
        return
    templates = given.ports.templates.list_templates(kind)
    named = next((t for t in templates if t.name == given.words.lower()), None)
    if named:
        await forms.open_for(given.client, templates, named, **where)
    else:
        names = [template.name for template in templates]
        await given.say(*guide.unknown_word(given.words, among=names, told=f"/idp {kind} {{}}"))


async def _status(given: Given) -> None:
    if not given.words:
        await _jobs(given)
        return
    job = await _visible(given, await given.person())
    if not job:
        await given.say(*_no_such_job(given.words))
        return
    drawn = messages.card_message(job)
    await given.say(drawn.text, drawn.blocks)


async def _jobs(given: Given) -> None:
    person, platform = await given.person(), given.ports.platform
    found = await recent(jobs=given.ports.jobs, limit=_LOOKED_AT)
    jobs = [job for job in found if may_see(person, job, platform)]
    await given.say(*guide.job_list(jobs, asked_by=given.body["user_id"]))


async def _retry(given: Given) -> None:
    await _steer(given, retry, "/idp retry")


async def _cancel(given: Given) -> None:
    await _steer(given, cancel, "/idp cancel")


async def _undo(given: Given) -> None:
    await _ask_in_modal(given, undoing.asked_first(given.ports), "/idp undo")


async def _fix(given: Given) -> None:
    await _ask_in_modal(given, fixing.asked_first(given.ports), "/idp fix")


async def _ask_in_modal(given: Given, asked: AskedFirst, command: str) -> None:
    """A wish that is asked about in a modal before it is done."""
    person, job = await _meant(given, command)
    if job:
        answer = await drawn(asked, job.id, person=person, ports=given.ports, body=given.body)
        await show(answer, body=given.body, client=given.client, respond=given.respond)


async def _steer(given: Given, wish: Callable[..., Awaitable[Reply]], command: str) -> None:
    person, job = await _meant(given, command)
    if job:
        reply = await wish(job.id, person=person, ports=given.ports)
        await given.say(reply.text)


async def _meant(given: Given, command: str) -> tuple[Person, Job | None]:
    """Who gives the command, and the job that it is about; who names none that they may see is told so."""
    person = await given.person()
    if not given.words:
        await given.say(f"Say which: {command} and then the job or the application's name.")
        return person, None
    job = await _visible(given, person)
    if not job:
        await given.say(*_no_such_job(given.words))
    return person, job


async def _visible(given: Given, person: Person) -> Job | None:
    """The job that is meant, of those they may know of; that they asked for another one is written down."""
    jobs, platform = given.ports.jobs, given.ports.platform
    seen = await look_up(given.words, jobs=jobs, may_see=lambda job: may_see(person, job, platform))
    hidden = None if seen else await look_up(given.words, jobs=jobs, may_see=lambda _: True)
    if hidden:
        await refusals.note(
            "see",
            "It is not for everybody, and does not concern them.",
            person=person,
            job=hidden,
            ports=given.ports,
        )
    return seen


def _no_such_job(words: str) -> tuple[str]:
    return (f"There is no job or application “{words}”. “/idp jobs” lists the newest.",)


_SUB_COMMANDS: Mapping[str, Callable[[Given], Awaitable[None]]] = {
    "help": _help,
    "new-app": _new_app,
    "new-system": _new_system,
    "status": _status,
    "jobs": _jobs,
    "retry": _retry,
    "fix": _fix,
    "cancel": _cancel,
    "undo": _undo,
}
