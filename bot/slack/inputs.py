"""Draws a question as Block Kit: an input block whose block_id is the property's name, so that problems land under it."""

from collections.abc import Callable, Mapping

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    ExternalDataMultiSelectElement,
    ExternalDataSelectElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
    SectionBlock,
    StaticMultiSelectElement,
    StaticSelectElement,
)

from bot.slack import choices, ids, mrkdwn, text_inputs
from bot.slack.properties import OPTIONS_LIMIT, Kind
from bot.slack.questions import Question

_HINT_LENGTH = 500


def blocks(question: Question, *, has_focus: bool, is_watched: bool) -> list[Block]:
    """The blocks that ask a question.

    Args:
        question: what is asked.
        has_focus: whether typing goes here when the form opens.
        is_watched: whether a change redraws the form.
    """
    if question.kind in {Kind.HIDDEN, Kind.SKIPPED}:
        return []
    if question.kind is Kind.FIXED:
        shown = mrkdwn.escaped(str(question.asked.default or ""))
        return [SectionBlock(text=mrkdwn.mrkdwn(f"*{mrkdwn.escaped(question.label)}*\n{shown}"))]
    if question.kind is Kind.REPOSITORY:
        return _repository(question)
    element = _ELEMENTS[question.kind](question)
    if has_focus:
        element.focus_on_load = True
    return [_input(question, element, block_id=question.name, is_watched=is_watched)]


def _input(
    question: Question,
    element: InputInteractiveElement,
    *,
    block_id: str,
    is_watched: bool = False,
    label: str = "",
) -> InputBlock:
    asked = question.asked
    hint = " ".join(words for words in (asked.description, asked.help) if words)
    return InputBlock(
        block_id=block_id,
        label=mrkdwn.plain(label or question.label, mrkdwn.NAME_LENGTH),
        hint=mrkdwn.plain(hint, _HINT_LENGTH) if hint and not label else None,
        element=element,
        optional=not question.is_required or question.kind is Kind.SWITCH,
        dispatch_action=is_watched or None,
    )


def _switch(question: Question) -> CheckboxesElement:
    yes = Option(text=mrkdwn.plain("Yes"), value="true")
    return CheckboxesElement(
        action_id=f"{ids.FIELD}.switch",
        options=[yes],
        initial_options=[yes] if question.asked.default is True else None,
    )


def _choice(question: Question) -> InputInteractiveElement:
    options = choices.options(question.asked.alternatives)
    initial = choices.initial(options, question.asked.default)
    if len(options) > OPTIONS_LIMIT:
        return ExternalDataSelectElement(
            action_id=ids.CHOOSE,
            min_query_length=0,
            initial_option=initial,
            placeholder=text_inputs.placeholder(question),
        )
    return StaticSelectElement(
        action_id=f"{ids.FIELD}.choice",
        options=options,
        initial_option=initial,
        placeholder=text_inputs.placeholder(question),
    )


def _radio(question: Question) -> RadioButtonsElement:
    options = choices.options(question.asked.alternatives)
    return RadioButtonsElement(
        action_id=f"{ids.FIELD}.radio",
        options=options,
        initial_option=choices.initial(options, question.asked.default),
    )


def _choices(question: Question) -> InputInteractiveElement:
    options = choices.options(question.asked.items.alternatives if question.asked.items else ())
    if len(options) > OPTIONS_LIMIT:
        return ExternalDataMultiSelectElement(
            action_id=ids.CHOOSE, min_query_length=0, placeholder=text_inputs.placeholder(question)
        )
    return StaticMultiSelectElement(
        action_id=f"{ids.FIELD}.choices",
        options=options,
        initial_options=choices.initials(options, question.asked.default),
        placeholder=text_inputs.placeholder(question),
    )


def _checks(question: Question) -> CheckboxesElement:
    options = choices.options(question.asked.items.alternatives if question.asked.items else ())
    return CheckboxesElement(
        action_id=f"{ids.FIELD}.checks",
        options=options,
        initial_options=choices.initials(options, question.asked.default),
    )


def _entity(question: Question) -> ExternalDataSelectElement:
    default = question.asked.default
    return ExternalDataSelectElement(
        action_id=ids.pick(question.asked.entity_kinds),
        min_query_length=0,
        initial_option=choices.option(default, default)
        if isinstance(default, str) and default
        else None,
        placeholder=text_inputs.placeholder(question) or mrkdwn.plain("Type to search"),
    )


def _entities(question: Question) -> ExternalDataMultiSelectElement:
    return ExternalDataMultiSelectElement(
        action_id=ids.pick(question.asked.entity_kinds),
        min_query_length=0,
        placeholder=text_inputs.placeholder(question) or mrkdwn.plain("Type to search"),
    )


def _repository(question: Question) -> list[Block]:
    """A repository's address in three inputs; the last one, its name, is where problems are shown."""
    hosts = _allowed(question, "allowedHosts")
    owners = _allowed(question, "allowedOwners")
    parts = [("host", "host", hosts), ("owner", "group", owners), ("", "name", ())]
    return [
        _input(
            question,
            _part(allowed),
            block_id=f"{question.name}/{part}" if part else question.name,
            label=f"{question.label}: {word}",
        )
        for part, word, allowed in parts
    ]


def _part(allowed: tuple[str, ...]) -> InputInteractiveElement:
    if not allowed:
        return PlainTextInputElement(action_id=f"{ids.FIELD}.text")
    options = choices.options(tuple((value, value) for value in allowed[:OPTIONS_LIMIT]))
    return StaticSelectElement(
        action_id=f"{ids.FIELD}.choice",
        options=options,
        initial_option=options[0] if len(options) == 1 else None,
    )


def _allowed(question: Question, option: str) -> tuple[str, ...]:
    allowed = question.asked.options.get(option)
    return tuple(str(value) for value in allowed) if isinstance(allowed, list) else ()


_ELEMENTS: Mapping[Kind, Callable[[Question], InputInteractiveElement]] = {
    Kind.TEXT: text_inputs.text,
    Kind.LINES: text_inputs.text,
    Kind.EMAIL: text_inputs.email,
    Kind.ADDRESS: text_inputs.address,
    Kind.NUMBER: text_inputs.number,
    Kind.SWITCH: _switch,
    Kind.CHOICE: _choice,
    Kind.RADIO: _radio,
    Kind.CHOICES: _choices,
    Kind.CHECKS: _checks,
    Kind.ENTITY: _entity,
    Kind.ENTITIES: _entities,
}
