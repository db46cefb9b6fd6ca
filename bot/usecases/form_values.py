"""Hold a form's values against the template's own JSON Schema."""

from collections.abc import Mapping

import jsonschema
from pydantic import JsonValue

from bot.ports.template_library import Template


def schema_problems(template: Template, values: Mapping[str, JsonValue]) -> dict[str, str]:
    """A sentence for each parameter that the schema refuses."""
    problems: dict[str, str] = {}
    for page in template.pages:
        checker = jsonschema.Draft202012Validator(page.schema_)
        for error in checker.iter_errors(dict(values)):
            field, sentence = _explained(error)
            problems.setdefault(field, sentence)
    return problems


def _explained(error: jsonschema.ValidationError) -> tuple[str, str]:
    limit = error.validator_value
    if error.validator == "required":
        return str(error.message.split("'")[1]), "Fill this in."
    field = str(error.absolute_path[0]) if error.absolute_path else "name"
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
