"""Hold a form's values against the template's own JSON Schema."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import jsonschema
from pydantic import JsonValue

from bot.ports.template_library import FormDialect, Template


def schema_problems(template: Template, values: Mapping[str, JsonValue]) -> dict[str, str]:
    """A sentence for each parameter that the schema refuses."""
    problems: dict[str, str] = {}
    for page in template.pages:
        for error in FormDialect(page.schema_).iter_errors(dict(values)):
            for each in _at_fault(error):
                field, sentence = _explained(each)
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


def _explained(error: jsonschema.ValidationError) -> tuple[str, str]:
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
            return field, _pattern_sentence(error)
        case "enum":
            return field, "Choose one of the values offered."
        case _:
            return field, f"This does not fit: {error.message}"[:150]


def _pattern_sentence(error: jsonschema.ValidationError) -> str:
    """Backstage's `ui:help` says in words what a pattern says in symbols."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    hint = schema.get("ui:help") or schema.get("description")
    return str(hint) if hint else f"This does not match {error.validator_value}"
