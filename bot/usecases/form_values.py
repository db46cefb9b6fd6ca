"""Hold a form's values against the template's own JSON Schema."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import jsonschema
from pydantic import JsonValue

from bot.ports.template_library import FormDialect, Template

_LOOKED_THROUGH = 100
"""Of longer answers no character is named: the pattern is tried twice for each one."""


def schema_problems(template: Template, values: Mapping[str, JsonValue]) -> dict[str, str]:
    """A sentence for each parameter that the schema refuses."""
    problems: dict[str, str] = {}
    for page in template.pages:
        for error in FormDialect(page.schema_).iter_errors(dict(values)):
            for each in _at_fault(error):
                field, sentence = _explained(each, page.schema_)
                problems.setdefault(field, sentence)
    return problems


def _at_fault(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """Where an answer leads to a branch of the form, what that branch refuses; the other branches were not asked."""
    branches: dict[object, list[jsonschema.ValidationError]] = defaultdict(list)
    if control := _control(error):
        for each in error.context or ():
            branches[each.relative_schema_path[0]].append(each)
    for refused in branches.values():
        if all(_field(each) != control for each in refused):
            for each in refused:
                yield from _at_fault(each)
            return
    yield error


def _control(error: jsonschema.ValidationError) -> str:
    """The field whose answer chooses among the branches of which none fits; empty when the error is another one."""
    *_, keyword, control, choice = ("", "", *error.relative_schema_path)
    is_choice = keyword == "dependencies" and choice in ("oneOf", "anyOf")
    return str(control) if is_choice else ""


def _field(error: jsonschema.ValidationError) -> str:
    return str(error.absolute_path[0]) if error.absolute_path else _control(error)


def _explained(error: jsonschema.ValidationError, page: Mapping[str, JsonValue]) -> tuple[str, str]:
    limit = error.validator_value
    if error.validator in ("required", "dependencies"):
        return str(error.message.split("'")[1]), "Fill this in."
    field = _field(error) or "name"
    match error.validator:
        case "minLength":
            return field, f"Use at least {limit} characters." if limit != 1 else "Fill this in."
        case "maxLength":
            return (
                field,
                f"Use {limit} characters at the most; these are {len(str(error.instance))}.",
            )
        case "pattern":
            return field, _pattern_sentence(error, own=_own_sentence(page, field))
        case "enum":
            return field, "Choose one of the values offered."
        case _:
            return field, f"This does not fit: {error.message}"[:150]


def _own_sentence(page: Mapping[str, JsonValue], field: str) -> str:
    """What the template has said about a wrong answer, where Backstage's own forms look for it."""
    said = page.get("errorMessage")
    of_fields = said.get("properties") if isinstance(said, Mapping) else None
    sentence = of_fields.get(field) if isinstance(of_fields, Mapping) else None
    return sentence if isinstance(sentence, str) else ""


def _pattern_sentence(error: jsonschema.ValidationError, *, own: str) -> str:
    """What is allowed, in the template's words where it has some, and which character is in the way."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    pattern = str(error.validator_value)
    allowed = own or str(schema.get("ui:help") or f"The template wants this to match {pattern}.")
    at_fault = _at_fault_in(str(error.instance), pattern)
    return f"{at_fault} {allowed}" if at_fault else allowed


def _at_fault_in(answer: str, pattern: str) -> str:
    """The first character without which the answer would do, as a sentence; empty where it is not as simple as that."""
    if len(answer) > _LOOKED_THROUGH:
        return ""
    for each in dict.fromkeys(answer):
        shown = "A space" if each.isspace() else f"“{each}”"
        if re.search(pattern, re.sub(f"(?:{re.escape(each)}){{2,}}", each, answer)):
            return f"{shown} stands there twice in a row."
        if re.search(pattern, answer.replace(each, "")):
            return f"{shown} does not fit where it stands."
    return ""
