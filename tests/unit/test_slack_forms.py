"""A template's form as a modal: what Slack can show of JSON Schema, and what becomes of the rest."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import PermanentError
from bot.slack import form_views
from tests.unit.slack_templates import CONDITIONAL, a_template, asking, block, drawn, element


def fields(view: Mapping[str, Any]) -> list[str]:
    return [b["block_id"] for b in view["blocks"] if b["type"] == "input"]


def test_a_string_is_a_text_input_with_its_lengths_default_and_placeholder() -> None:
    template = asking(
        type="string", minLength=2, maxLength=40, default="prices", ui_placeholder="An example"
    )

    shown = element(template)

    assert shown["type"] == "plain_text_input"
    assert (shown["min_length"], shown["max_length"]) == (2, 40)
    assert shown["initial_value"] == "prices"
    assert shown["placeholder"]["text"] == "An example"


def test_a_field_carries_its_title_its_description_and_its_help() -> None:
    view = drawn(asking(title="Host name", description="Its address.", ui_help="Letters only."))

    assert block(view)["label"]["text"] == "Host name"
    assert block(view)["hint"]["text"] == "Its address. Letters only."


def test_a_field_without_a_title_goes_by_its_name() -> None:
    assert block(drawn(asking(type="string")))["label"]["text"] == "field"


def test_only_required_fields_must_be_filled_in() -> None:
    view = drawn(a_template({"properties": {"a": {}, "b": {}}, "required": ["a"]}))

    assert (block(view, "a")["optional"], block(view, "b")["optional"]) == (False, True)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "ui:widget": "textarea"}, "plain_text_input"),
        ({"type": "string", "format": "email"}, "email_text_input"),
        ({"type": "string", "format": "uri"}, "url_text_input"),
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, "number_input"),
        ({"type": "number", "default": 0.5}, "number_input"),
        ({"type": "boolean"}, "checkboxes"),
        ({"type": "boolean", "default": True}, "checkboxes"),
        ({"type": "string", "enum": ["a", "b"]}, "static_select"),
        ({"type": "integer", "enum": [1, 2], "default": 2}, "static_select"),
        ({"type": "string", "enum": ["a", "b"], "ui:widget": "radio"}, "radio_buttons"),
        ({"oneOf": [{"const": "a", "title": "An A"}, {"const": "b"}]}, "static_select"),
        ({"type": "string", "enum": [f"e{n}" for n in range(120)]}, "external_select"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "checkboxes"),
        ({"type": "array", "items": {"enum": [f"e{n}" for n in range(20)]}}, "multi_static_select"),
        (
            {"type": "array", "items": {"enum": [f"e{n}" for n in range(120)]}},
            "multi_external_select",
        ),
        ({"type": "array", "items": {"type": "string"}, "default": ["a"]}, "plain_text_input"),
        ({"type": "array", "ui:field": "EntityTagsPicker"}, "plain_text_input"),
        ({"type": "string", "ui:field": "EntityNamePicker"}, "plain_text_input"),
        ({"type": "string", "ui:field": "OwnerPicker"}, "external_select"),
        ({"type": "string", "ui:field": "MyGroupsPicker"}, "external_select"),
        (
            {"ui:field": "EntityPicker", "ui:options": {"catalogFilter": {"kind": "System"}}},
            "external_select",
        ),
        (
            {
                "type": "array",
                "ui:field": "MultiEntityPicker",
                "ui:options": {"catalogFilter": [{"kind": ["Group", "User"]}]},
            },
            "multi_external_select",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_property_has_its_slack_input(schema: Mapping[str, Any], kind: str) -> None:
    assert element(a_template({"properties": {"field": schema}}))["type"] == kind


def test_a_select_that_searches_says_which_kinds_of_entity_it_searches() -> None:
    options = {"catalogFilter": [{"kind": ["Group", "User"]}]}

    shown = element(asking(ui_field="EntityPicker", ui_options=options))

    assert shown["action_id"] == "pick.group.user"


def test_a_repository_is_asked_for_in_three_parts() -> None:
    options = {"allowedHosts": ["gitlab.example.com"], "allowedOwners": ["a", "b"]}

    view = drawn(asking(title="Repository", ui_field="RepoUrlPicker", ui_options=options))

    assert fields(view) == ["field/host", "field/owner", "field"]
    host = block(view, "field/host")["element"]
    assert host["initial_option"]["value"] == "gitlab.example.com"


def test_hidden_and_experimental_fields_are_not_shown_and_fixed_ones_are_shown_as_text() -> None:
    view = drawn(
        a_template(
            {
                "properties": {
                    "hidden": {"default": "x", "ui:widget": "hidden"},
                    "experiment": {"ui:backstage": {"featureFlag": "lab"}},
                    "fixed": {"title": "Region", "default": "eu-west", "readOnly": True},
                    "asked": {},
                }
            }
        )
    )

    assert fields(view) == ["asked"]
    assert any("eu-west" in b.get("text", {}).get("text", "") for b in view["blocks"])


@pytest.mark.parametrize(
    "schema",
    [
        {"ui:field": "Secret"},
        {"ui:widget": "password"},
        {"ui:field": "QuarkusExtensionList"},
        {"type": "object", "properties": {"a": {}}},
        {"type": "array", "items": {"type": "object"}},
        {"ui:field": "EntityPicker", "ui:options": {"catalogFilter": {"kind": "Domain"}}},
    ],
    ids=str,
)
def test_what_slack_cannot_show_is_refused_with_a_way_out(schema: Mapping[str, Any]) -> None:
    view = drawn(a_template({"properties": {"ok": {}, "odd": {"title": "Odd one", **schema}}}))

    assert "submit" not in view
    assert "“Odd one”" in str(view["blocks"])
    assert "Open this template in Backstage" in str(view["blocks"])


def test_a_form_with_more_fields_than_a_modal_holds_is_refused_with_a_way_out() -> None:
    view = drawn(a_template({"properties": {f"p{n}": {} for n in range(120)}}))

    assert "Open this template in Backstage" in str(view["blocks"])


def test_a_schema_that_cannot_be_read_names_the_template_and_the_property() -> None:
    with pytest.raises(PermanentError, match="“One” cannot be read at “odd”"):
        drawn(a_template({"properties": {"odd": {"title": {"not": "a title"}}}}))


def test_pages_become_headers_when_there_are_several() -> None:
    view = drawn(a_template({"properties": {"a": {}}}, {"properties": {"b": {}}}))

    headers = [b["text"]["text"] for b in view["blocks"] if b["type"] == "header"]
    assert headers == ["Page 0", "Page 1"]


def test_only_one_field_has_the_focus() -> None:
    focus = {"ui:autofocus": True}

    view = drawn(a_template({"properties": {"a": focus, "b": focus}}))

    assert [bool(block(view, n)["element"].get("focus_on_load")) for n in "ab"] == [True, False]


def test_several_templates_are_chosen_from_at_the_top() -> None:
    one, two = asking(type="string"), a_template({}, name="two", title="Two")

    view = form_views.form([one, two], two, values={}, note="").to_dict()

    choice = view["blocks"][0]["accessory"]
    assert [o["value"] for o in choice["options"]] == ["one", "two"]
    assert choice["initial_option"]["value"] == "two"


def test_a_template_that_asks_for_nothing_cannot_be_submitted() -> None:
    assert "submit" not in drawn(a_template({}))


def test_a_field_that_depends_on_a_choice_appears_with_it() -> None:
    assert fields(drawn(CONDITIONAL)) == ["store", "engine", "why_not"]
    with_engine = drawn(CONDITIONAL, {"engine": "pg", "store": True})
    assert fields(with_engine) == ["store", "engine", "size", "bucket"]
    assert block(with_engine, "size")["optional"] is False


def test_what_stands_beside_the_branches_of_a_choice_is_asked_for_whatever_the_choice() -> None:
    beside = {"properties": {"owner_of_it": {"type": "string"}}, "required": ["owner_of_it"]}
    branches = [{"properties": {"engine": {"enum": ["pg"]}, "size": {"type": "integer"}}}]
    template = a_template(
        {
            "properties": {"engine": {"enum": ["pg", "none"]}},
            "dependencies": {"engine": {**beside, "oneOf": branches}},
        }
    )

    assert fields(drawn(template, {"engine": "none"})) == ["engine", "owner_of_it"]
    assert fields(drawn(template, {"engine": "pg"})) == ["engine", "owner_of_it", "size"]


def test_only_fields_on_which_others_or_approval_depend_redraw_the_form() -> None:
    view = drawn(CONDITIONAL, {"engine": "pg"})
    watched = {b["block_id"] for b in view["blocks"] if b.get("dispatch_action")}
    assert watched == {"store", "engine"}

    approval = drawn(a_template({"properties": {"owner": {}, "visibility": {}, "name": {}}}))
    watched = {b["block_id"] for b in approval["blocks"] if b.get("dispatch_action")}
    assert watched == {"owner", "visibility"}


hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@settings(max_examples=60, deadline=None)
@given(
    title=hostile,
    description=hostile,
    placeholder=hostile,
    default=hostile,
    values=st.lists(hostile, min_size=1, max_size=120, unique=True),
)
def test_slack_accepts_the_form_whatever_the_template_says(
    title: str, description: str, placeholder: str, default: str, values: list[str]
) -> None:
    words = {"title": title, "description": description, "ui:placeholder": placeholder}

    drawn(
        a_template(
            {
                "properties": {
                    "text": {**words, "default": default, "maxLength": 100},
                    "choice": {**words, "enum": values, "default": values[0]},
                    "entity": {**words, "ui:field": "OwnerPicker", "default": default},
                    "lines": {**words, "type": "array", "default": values},
                }
            },
            title=title,
        )
    )
