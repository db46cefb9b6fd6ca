"""Reads what somebody filled in: from a view's state to values by property name, of the schema's types."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import JsonValue

from bot.domain.errors import PermanentError
from bot.ports.template_library import Template
from bot.slack import choices, ids, questions
from bot.slack.properties import Kind
from bot.slack.questions import Question

State = Mapping[str, Mapping[str, Any]]
_ROUNDS = 5


def read(template: Template, state: State) -> dict[str, JsonValue]:
    """The values of all questions that the answers lead to; what was left empty is absent.

    An answer can lead to further questions, so reading goes on until no new one turns up.
    """
    values: dict[str, JsonValue] = {}
    for _ in range(_ROUNDS):
        found: dict[str, JsonValue] = {
            question.name: value
            for question in questions.questions(template, values)
            if (value := _value(question, state)) is not None
        }
        if found == values:
            break
        values = found
    return values


def chosen_template(state: State) -> str | None:
    """The template that the form's own select shows, if it has one."""
    element = _element(state, ids.TEMPLATE_BLOCK)
    return (element.get("selected_option") or {}).get("value")


def inputs(view: Mapping[str, Any]) -> list[str]:
    """The inputs that a submitted view shows; it has a button to submit it only if it has some.

    Raises:
        PermanentError: it is none that the bot has drawn.
    """
    shown = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    if not shown:
        raise out_of_date()
    return shown


def out_of_date() -> PermanentError:
    """The form is from a version of the bot that drew it in another way."""
    return PermanentError("This form is out of date.", "Close it and open it again.")


def typed(state: State, block_id: str) -> str:
    """What was typed into, or chosen in, one input; empty where there is nothing."""
    element = _element(state, block_id)
    return (_selected(element) or _typed(element)).strip()


def _value(question: Question, state: State) -> JsonValue:
    if question.kind in {Kind.HIDDEN, Kind.FIXED}:
        return question.asked.default
    if question.kind is Kind.SKIPPED or question.name not in state:
        return None
    if question.kind is Kind.REPOSITORY:
        return _repository(question, state)
    return _READERS[question.kind](question, _element(state, question.name))


def _element(state: State, block_id: str) -> Mapping[str, Any]:
    return next(iter(state.get(block_id, {}).values()), {})


def _text(_: Question, element: Mapping[str, Any]) -> JsonValue:
    return _typed(element).strip() or None


def _typed(element: Mapping[str, Any]) -> str:
    """The text as typed, without halves of characters, which nothing behind this could store."""
    return (element.get("value") or "").encode("utf-8", "ignore").decode()


def _number(question: Question, element: Mapping[str, Any]) -> JsonValue:
    text = _typed(element).strip()
    if not text:
        return None
    try:
        return int(text) if question.asked.type == "integer" else float(text)
    except ValueError:
        return text


def _switch(_: Question, element: Mapping[str, Any]) -> JsonValue:
    return bool(element.get("selected_options"))


def _choice(question: Question, element: Mapping[str, Any]) -> JsonValue:
    chosen = _selected(element)
    return choices.value_of(chosen, question.asked.alternatives) if chosen else None


def _choices(question: Question, element: Mapping[str, Any]) -> JsonValue:
    alternatives = question.asked.items.alternatives if question.asked.items else ()
    values = [choices.value_of(value, alternatives) for value in _selected_all(element)]
    return [value for value in values if value is not None] or None


def _lines(_: Question, element: Mapping[str, Any]) -> JsonValue:
    lines = [line.strip() for line in _typed(element).splitlines()]
    return [line for line in lines if line] or None


def _entity(_: Question, element: Mapping[str, Any]) -> JsonValue:
    return _selected(element)


def _entities(_: Question, element: Mapping[str, Any]) -> JsonValue:
    return [*_selected_all(element)] or None


def _repository(question: Question, state: State) -> JsonValue:
    """The address as Backstage writes it: `host?owner=group&repo=name`."""
    host, owner, name = (typed(state, f"{question.name}{part}") for part in ("/host", "/owner", ""))
    if not (host and owner and name):
        return None
    return f"{host}?owner={quote(owner, safe='')}&repo={quote(name, safe='')}"


def _selected(element: Mapping[str, Any]) -> str | None:
    return (element.get("selected_option") or {}).get("value")


def _selected_all(element: Mapping[str, Any]) -> list[str]:
    return [str(option["value"]) for option in element.get("selected_options") or ()]


_READERS: Mapping[Kind, Callable[[Question, Mapping[str, Any]], JsonValue]] = {
    Kind.TEXT: _text,
    Kind.EMAIL: _text,
    Kind.ADDRESS: _text,
    Kind.NUMBER: _number,
    Kind.SWITCH: _switch,
    Kind.CHOICE: _choice,
    Kind.RADIO: _choice,
    Kind.CHOICES: _choices,
    Kind.CHECKS: _choices,
    Kind.LINES: _lines,
    Kind.ENTITY: _entity,
    Kind.ENTITIES: _entities,
}
