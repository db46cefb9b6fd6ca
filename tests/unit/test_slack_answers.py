"""What somebody filled in, as values of the types that the template's schema asks for."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.slack import answers
from tests.unit.slack_templates import CONDITIONAL, a_template, asking, element


def typed(value: str | None) -> dict[str, Any]:
    return {"a": {"type": "plain_text_input", "value": value}}


def chosen(value: str) -> dict[str, Any]:
    return {"a": {"type": "static_select", "selected_option": {"value": value}}}


def ticked(*values: str) -> dict[str, Any]:
    return {"a": {"type": "checkboxes", "selected_options": [{"value": v} for v in values]}}


@pytest.mark.parametrize(
    ("schema", "state", "value"),
    [
        ({"type": "string"}, typed("  Hello "), "Hello"),
        ({"type": "string"}, typed("half \ud83d"), "half"),
        ({"type": "integer"}, typed("7"), 7),
        ({"type": "number"}, typed("0.5"), 0.5),
        ({"type": "integer"}, typed("seven"), "seven"),
        ({"type": "boolean"}, ticked("true"), True),
        ({"type": "boolean"}, ticked(), False),
        ({"type": "string", "enum": ["a", "b"]}, chosen("b"), "b"),
        ({"type": "integer", "enum": [1, 2]}, chosen("2"), 2),
        ({"enum": ["x" * 200]}, chosen("f" * 64), None),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ticked("a", "b"), ["a", "b"]),
        ({"type": "array", "items": {"type": "string"}}, typed("a\n\n b \n"), ["a", "b"]),
        ({"ui:field": "OwnerPicker"}, chosen("group:default/a"), "group:default/a"),
    ],
    ids=str,
)
def test_a_filled_in_field_has_the_type_of_its_schema(
    schema: Mapping[str, Any], state: Mapping[str, Any], value: Any
) -> None:
    template = a_template({"properties": {"field": schema}})

    assert answers.read(template, {"field": state}).get("field") == value


def test_a_value_too_long_for_an_option_comes_back_whole() -> None:
    template = asking(enum=["x" * 200, "y"])
    offered = element(template)["options"][0]["value"]

    assert answers.read(template, {"field": chosen(offered)}) == {"field": "x" * 200}


def test_what_was_left_empty_is_absent() -> None:
    template = a_template({"properties": {"a": {}, "b": {"type": "integer"}}})

    assert answers.read(template, {"a": typed(None), "b": typed("")}) == {}


def test_a_repository_is_read_as_backstage_writes_it() -> None:
    state = {
        "field/host": chosen("gitlab.example.com"),
        "field/owner": typed("idp/payments"),
        "field": typed("hello"),
    }

    read = answers.read(asking(ui_field="RepoUrlPicker"), state)

    assert read == {"field": "gitlab.example.com?owner=idp%2Fpayments&repo=hello"}


def test_hidden_and_fixed_fields_are_submitted_with_their_defaults() -> None:
    template = a_template(
        {
            "properties": {
                "hidden": {"default": "x", "ui:widget": "hidden"},
                "fixed": {"default": 3, "type": "integer", "readOnly": True},
            }
        }
    )

    assert answers.read(template, {}) == {"hidden": "x", "fixed": 3}


def test_answers_to_questions_that_are_not_asked_any_more_are_dropped() -> None:
    state = {"engine": chosen("none"), "size": typed("5"), "store": ticked(), "bucket": typed("b")}

    assert answers.read(CONDITIONAL, state) == {"engine": "none", "store": False}


def test_answers_to_questions_that_an_answer_leads_to_are_read() -> None:
    state = {"engine": chosen("pg"), "size": typed("5"), "store": ticked("true")}

    assert answers.read(CONDITIONAL, state) == {"engine": "pg", "size": 5, "store": True}
