"""A submission held against its template's form: what the form asks for is what is checked, in one dialect of JSON Schema."""

from typing import Any

import pytest

from bot.usecases.form_values import schema_problems
from tests.unit.slack_templates import CONDITIONAL, a_template

STORED = a_template(
    {
        "properties": {"store": {"type": "string", "enum": ["none", "disk", "cloud"]}},
        "dependencies": {
            "store": {
                "oneOf": [
                    {"properties": {"store": {"enum": ["none"]}}},
                    {
                        "properties": {
                            "store": {"enum": ["disk"]},
                            "size": {"type": "integer", "minimum": 1},
                            "copies": {"type": "integer", "maximum": 3},
                        },
                        "required": ["size"],
                    },
                    {
                        "properties": {
                            "store": {"enum": ["cloud"]},
                            "region": {"type": "string", "enum": ["eu", "us"]},
                        },
                        "required": ["region"],
                        "dependencies": {"region": ["zone"]},
                    },
                ]
            }
        },
    }
)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, {}),
        ({"store": "none", "size": -3}, {}),
        ({"store": "disk", "size": 3}, {}),
        ({"store": "disk"}, {"size": "Fill this in."}),
        (
            {"store": "disk", "size": -3, "copies": 4},
            {
                "size": "This does not fit: -3 is less than the minimum of 1",
                "copies": "This does not fit: 4 is greater than the maximum of 3",
            },
        ),
        (
            {"store": "cloud", "region": "mars", "zone": "a"},
            {"region": "Choose one of the values offered."},
        ),
        ({"store": "cloud", "region": "eu"}, {"zone": "Fill this in."}),
        ({"store": "tape"}, {"store": "Choose one of the values offered."}),
    ],
    ids=str,
)
def test_a_field_that_appears_with_a_choice_is_checked_with_it(
    values: dict[str, Any], problems: dict[str, str]
) -> None:
    assert schema_problems(STORED, values) == problems


def test_what_a_condition_asks_for_is_checked_with_it() -> None:
    assert schema_problems(CONDITIONAL, {"store": True, "bucket": 3, "engine": "pg"}) == {
        "bucket": "This does not fit: 3 is not of type 'string'",
        "size": "Fill this in.",
    }


def test_a_list_with_a_schema_for_each_place_is_checked_place_by_place() -> None:
    pair = a_template(
        {
            "properties": {
                "pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}
            }
        }
    )

    assert schema_problems(pair, {"pair": ["a", 1]}) == {}
    assert list(schema_problems(pair, {"pair": ["a", "b"]})) == ["pair"]


def test_what_the_dialect_of_backstages_forms_does_not_know_is_neither_asked_nor_checked() -> None:
    later = a_template({"properties": {"a": {"type": "string"}}, "dependentRequired": {"a": ["b"]}})

    assert schema_problems(later, {"a": "x"}) == {}
