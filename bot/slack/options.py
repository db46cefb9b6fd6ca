"""Serves the options of searching selects: catalog entities, and choices too many for a plain select."""

import asyncio
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.bundle import Ports
from bot.ports.service_catalog import Entity
from bot.slack import answers, choices, forms, ids, questions
from bot.slack.properties import CATALOG_KINDS, OPTIONS_LIMIT
from bot.usecases.suggest import suggest

log = structlog.get_logger()

TIME_TO_ANSWER = 2.3


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to what people type into searching selects."""

    async def entities(ack: AsyncAck, payload: dict[str, Any], body: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(TIME_TO_ANSWER):
                found = await _found(ports, payload, body["user"]["id"])
        except (TimeoutError, TemporaryError, PermanentError) as error:
            log.warning("slack.no_suggestions", cause=str(error) or "too slow")
            found = []
        await ack(options=found)

    async def alternatives(ack: AsyncAck, payload: dict[str, Any], body: dict[str, Any]) -> None:
        try:
            found = _matching(ports, payload, body["view"])
        except PermanentError as error:
            log.warning("slack.no_suggestions", cause=error.cause)
            found = []
        await ack(options=found)

    app.options(ids.PICK)(entities)
    app.options(ids.CHOOSE)(alternatives)


async def _found(ports: Ports, payload: dict[str, Any], slack_id: str) -> list[dict[str, Any]]:
    person = await ports.directory.whois(slack_id)
    if not person:
        return []
    kinds = [kind for kind in ids.picked_kinds(payload["action_id"]) if kind in CATALOG_KINDS]
    words = payload.get("value") or ""
    found = await asyncio.gather(
        *(suggest(kind, words, person=person, ports=ports) for kind in kinds)
    )
    offered = [entity for entities in found for entity in entities]
    fitting = [e for e in offered if len(str(e.ref)) <= choices.VALUE_LENGTH]
    return [
        choices.option(str(entity.ref), _label(entity)).to_dict()
        for entity in fitting[:OPTIONS_LIMIT]
    ]


def _label(entity: Entity) -> str:
    name = entity.ref.name
    if not entity.title or entity.title.lower() == name:
        return entity.title or name
    return f"{entity.title} ({name})"


def _matching(ports: Ports, payload: dict[str, Any], view: dict[str, Any]) -> list[dict[str, Any]]:
    template = ports.templates.get(forms.origin_of(view).template)
    values = answers.read(template, view["state"]["values"])
    question = next(
        (q for q in questions.questions(template, values) if q.name == payload["block_id"]), None
    )
    if not question:
        return []
    asked = question.asked.items or question.asked
    words = (payload.get("value") or "").lower()
    fitting = [(value, name) for value, name in asked.alternatives if words in name.lower()]
    return [choices.option(value, name).to_dict() for value, name in fitting[:OPTIONS_LIMIT]]
