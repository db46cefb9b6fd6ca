"""A submission held against its template's form: what the form asks for is what is checked, in one dialect of JSON Schema."""

from typing import Any

import pytest

from bot.adapters.template_folder import TemplateFolder
from bot.usecases.form_values import schema_problems
from tests.unit.slack_templates import CONDITIONAL, a_template, asking
from tests.world import TEMPLATES

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


@pytest.mark.parametrize("template", ["python-fastapi", "system"])
@pytest.mark.parametrize(
    ("name", "at_fault"),
    [
        ("Price_list", "“_” does not fit where it stands. "),
        ("Prüfung", "“ü” does not fit where it stands. "),
        ("Price  List", "A space stands there twice in a row. "),
        ("1st", "“1” does not fit where it stands. "),
        ("Prüf_ung", ""),
        ("日本", ""),
    ],
)
def test_a_name_that_does_not_fit_is_told_what_a_name_is_made_of_and_what_is_in_the_way(
    template: str, name: str, at_fault: str
) -> None:
    [told] = schema_problems(
        TemplateFolder(TEMPLATES).get(template),
        {**dict.fromkeys(("description", "owner", "hostname", "system"), "ab"), "name": name}
        | {"visibility": "private"},
    ).values()

    assert told == (
        f"{at_fault}Use letters from a to z and digits, with single spaces or hyphens between them, "
        "and start with a letter."
    )


def test_a_template_says_what_fits_in_its_error_message_or_else_in_its_help() -> None:
    silent = asking("code", pattern="^[0-9]+$", description="As it stands on the box.")
    helpful = asking("code", pattern="^[0-9]+$", ui_help="Digits only.")
    page = {
        **helpful.pages[0].schema_,
        "errorMessage": {"properties": {"code": "Only digits fit."}},
    }

    answers = {"code": "12x"}

    assert schema_problems(silent, answers) == {
        "code": "“x” does not fit where it stands. The template wants this to match ^[0-9]+$."
    }
    assert schema_problems(helpful, answers) == {
        "code": "“x” does not fit where it stands. Digits only."
    }
    assert schema_problems(a_template(page), answers) == {
        "code": "“x” does not fit where it stands. Only digits fit."
    }


def test_a_long_answer_is_not_looked_through_for_a_character_at_fault() -> None:
    digits = asking("code", pattern="^[0-9]+$", ui_help="Digits only.")

    assert schema_problems(digits, {"code": "1" * 100 + "x"}) == {"code": "Digits only."}


@pytest.mark.parametrize("said", ["Wrong.", {"properties": "Wrong."}, {"properties": {"code": 3}}])
def test_an_error_message_of_another_form_is_passed_over(said: Any) -> None:
    digits = asking("code", pattern="^[0-9]+$", ui_help="Digits only.")
    page = {**digits.pages[0].schema_, "errorMessage": said}

    assert "Digits only." in schema_problems(a_template(page), {"code": "x"})["code"]
