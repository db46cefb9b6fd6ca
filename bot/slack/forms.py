"""Opens a template's form as a modal, and redraws it while it is being filled in."""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any

import structlog
from pydantic import Field, JsonValue, ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import Stage, named
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.value import Value
from bot.ports.bundle import Ports
from bot.ports.template_library import Template
from bot.slack import answers, form_views, ids, mrkdwn, payloads, people
from bot.usecases import refusals
from bot.usecases.foresee_approval import foresee_approval
from bot.usecases.submission import Submission

log = structlog.get_logger()

_SUPERSEDED = frozenset({"hash_conflict", "not_found", "view_not_found"})


_LONGEST_WORD = 255
"""Slack takes 3000 characters with a modal, and it is drawn with these again."""


class Origin(Value):
    """What a form has to remember of where it came from; a modal knows no channel.

    `drawn` is a digest of what the form shows, so that it is not sent again unchanged.
    """

    kind: Annotated[str, Field(max_length=_LONGEST_WORD)]
    template: Annotated[str, Field(max_length=_LONGEST_WORD)]
    channel: payloads.PlaceId
    drawn: Annotated[str, Field(max_length=_LONGEST_WORD)] = ""


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to buttons that open forms and to changes within forms."""

    async def open_form(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        await people.check_in_time(ports, body["user"]["id"])
        kind = body["actions"][0]["action_id"].removeprefix("open.")
        if freeze := await ports.jobs.frozen():
            await people.tell(freeze.told, body=body, client=client, respond=respond)
            await refusals.frozen(freeze, kind, slack_id=body["user"]["id"], ports=ports)
            return
        channel = (body.get("channel") or {}).get("id") or body["user"]["id"]
        await open_first(ports, client, kind, trigger_id=body["trigger_id"], channel=channel)

    async def redraw(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = body.get("view")
        if not view:  # a message has no fields
            raise answers.out_of_date()
        drawn = await redrawn(ports, view, slack_id=body["user"]["id"])
        if drawn:
            await _update(client, view, drawn)

    app.action(ids.OPEN_FORM)(open_form)
    app.action({"type": "block_actions", "action_id": ids.FIELD_CHANGED})(redraw)


async def open_first(
    ports: Ports, client: AsyncWebClient, kind: str, *, trigger_id: str, channel: str
) -> None:
    """Open the form of the first template that makes this kind of thing."""
    templates = ports.templates.list_templates(kind)
    if not templates:
        raise PermanentError(
            f"There is no template for {kind}.", "Ask the platform team to add one."
        )
    await open_for(client, templates, templates[0], trigger_id=trigger_id, channel=channel)


async def open_for(
    client: AsyncWebClient,
    templates: Sequence[Template],
    template: Template,
    *,
    trigger_id: str,
    channel: str,
) -> None:
    """Open a template's form at once, with what is known without asking anybody."""
    origin = Origin(kind=template.pipeline, template=template.name, channel=channel)
    view = _view(origin, templates, template, values={}, note="")
    await client.views_open(trigger_id=trigger_id, view=view)


def origin_of(view: dict[str, Any]) -> Origin:
    """Where the form was asked for.

    Raises:
        PermanentError: the form is from a version of the bot that remembered something else.
    """
    try:
        return Origin.model_validate_json(view["private_metadata"])
    except ValidationError as error:
        raise answers.out_of_date() from error


async def redrawn(ports: Ports, view: dict[str, Any], *, slack_id: str) -> View | None:
    """The form as its answers call for, or None where it looks like that already."""
    origin, state = origin_of(view), view["state"]["values"]
    chosen = answers.chosen_template(state) or origin.template
    template = ports.templates.get(chosen)
    values = answers.read(template, state)
    note = await _note(ports, view["id"], template, values, slack_id)
    came_from = origin.model_copy(update={"template": template.name})
    templates = ports.templates.list_templates(origin.kind)
    drawn = _view(came_from, templates, template, values=values, note=note)
    return None if drawn.private_metadata == view["private_metadata"] else drawn


async def _update(client: AsyncWebClient, view: dict[str, Any], drawn: View) -> None:
    try:
        await client.views_update(view_id=view["id"], hash=view["hash"], view=drawn)
    except SlackApiError as error:
        if error.response.get("error") not in _SUPERSEDED:
            raise
        log.info("slack.form_superseded", view=view["id"])


def _view(
    origin: Origin,
    templates: Sequence[Template],
    template: Template,
    *,
    values: dict[str, JsonValue],
    note: str,
) -> View:
    view = form_views.form(templates, template, values=values, note=note)
    shown = json.dumps([block.to_dict() for block in view.blocks or ()], sort_keys=True)
    drawn = hashlib.sha256(shown.encode()).hexdigest()[:16]
    view.private_metadata = origin.model_copy(update={"drawn": drawn}).model_dump_json()
    return view


async def _note(
    ports: Ports, view_id: str, template: Template, values: dict[str, JsonValue], slack_id: str
) -> str:
    """Whether the request would need approval, as far as that can be told yet."""
    try:
        person = await ports.directory.whois(slack_id)
        if not person:
            return ""
        submission = Submission(
            id=view_id, template=template.name, values=values, requester=person, channel=""
        )
        terms = foresee_approval(submission, ports=ports)
    except (TemporaryError, PermanentError) as error:
        log.info("slack.approval_not_foreseen", cause=str(error))
        return ""
    if not terms:
        return ""
    whom = ", then ".join(_asked(stage) for stage in terms.stages)
    return mrkdwn.clean(f"Will need an approval from {whom}. {' '.join(terms.reasons)}", 150)


def _asked(stage: Stage) -> str:
    groups = named(stage.groups)
    return groups if stage.needed == 1 else f"{stage.needed} members of {groups}"
