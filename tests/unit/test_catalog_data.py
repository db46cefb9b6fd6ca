"""The catalog that ships, and the template that adds to it: Backstage has to take both."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.adapters.catalog_documents import parsed
from bot.adapters.template_rendering import rendered
from bot.sandbox.catalog import refs, relations, validation

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "catalog"
SYSTEM = ROOT / "templates/system"
TEAMS = {
    "payments": {"ada", "bruno"},
    "platform": {"deniz", "elif"},
    "storefront": {"chiara"},
}


def _documents() -> dict[str, dict[str, Any]]:
    files = sorted(CATALOG.rglob("*.yaml"))
    found = {
        str(path.relative_to(CATALOG)): [dict(each) for each in parsed(path.read_bytes())]
        for path in files
    }
    assert all(len(documents) == 1 for documents in found.values()), "one entity per file"
    return {path: documents[0] for path, documents in found.items()}


DOCUMENTS = _documents()


def _of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in DOCUMENTS.values() if each["kind"] == kind}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_each_entity_is_valid(path: str) -> None:
    validation.check_envelope(DOCUMENTS[path])
    validation.check(DOCUMENTS[path])


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if "/" in path])
def test_each_entity_has_the_file_that_its_name_says(path: str) -> None:
    entity = DOCUMENTS[path]

    assert path == f"{entity['kind'].lower()}s/{entity['metadata']['name']}.yaml"


def test_no_relation_points_nowhere_and_each_reference_is_full() -> None:
    known = {refs.ref_of(each) for each in DOCUMENTS.values()}

    for entity in DOCUMENTS.values():
        for relation in relations.relations_of(entity):
            assert relation.target in known
        owner = entity.get("spec", {}).get("owner")
        assert owner is None or owner == str(refs.parse(owner))


def test_the_one_file_to_register_leads_to_all_folders() -> None:
    location = DOCUMENTS["catalog-info.yaml"]
    folders = sorted(path.name for path in CATALOG.iterdir() if path.is_dir())

    assert location["metadata"]["name"] == "idp"
    assert sorted(location["spec"]["targets"]) == [f"./{folder}/*.yaml" for folder in folders]


def test_the_demo_company_has_its_teams_and_people() -> None:
    members: dict[str, set[str]] = {}
    for name, user in _of_kind("User").items():
        for group in user["spec"]["memberOf"]:
            members.setdefault(refs.parse(group).name, set()).add(name)
        assert user["spec"]["profile"]["email"] == f"{name}@example.com"
        assert user["metadata"]["annotations"]["slack.com/user-id"] == f"U0{name.upper()}"

    assert members == TEAMS
    assert {group["spec"]["type"] for group in _of_kind("Group").values()} == {"team"}
    assert set(_of_kind("Group")) == set(TEAMS)


def test_the_system_template_is_a_valid_template_whose_form_is_a_json_schema() -> None:
    template = dict(parsed((SYSTEM / "template.yaml").read_bytes())[0])

    validation.check(template)
    (page,) = template["spec"]["parameters"]
    Draft202012Validator.check_schema(page)
    assert set(page["required"]) == {"name", "description", "owner"} == set(page["properties"])
    assert template["spec"]["idp"]["pipeline"] == "new-system"


def _rendered(**values: str) -> dict[str, Any]:
    root = SYSTEM / "skeletons/catalog"
    files = [path for path in root.rglob("*") if path.is_file()]
    given_values = {"slug": "gift-cards", "name": "Gift cards", "owner": "group:default/payments"}
    found = rendered(root, files, {**given_values, "description": "Sells them.", **values})
    assert list(found) == [f"systems/{values.get('slug', 'gift-cards')}.yaml"]
    (document,) = parsed(next(iter(found.values())).content)
    return dict(document)


def test_the_system_template_makes_a_valid_system() -> None:
    system = _rendered()

    validation.check(system)
    assert refs.ref_of(system) == "system:default/gift-cards"
    assert system["spec"]["owner"] == "group:default/payments"
    assert system["metadata"]["title"] == "Gift cards"


@pytest.mark.parametrize(
    "text",
    [
        '"quoted"',
        "a: b",
        "# no comment",
        "{{ braces }}",
        "${{ values.slug }}",
        "line\nbreak",
        "---",
        "\\",
        "🎁",
        "'",
    ],
)
def test_hostile_descriptions_stay_text(text: str) -> None:
    assert _rendered(description=text)["metadata"]["description"] == text


@given(st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()))
def test_any_printable_description_stays_what_was_written(text: str) -> None:
    assert _rendered(description=text)["metadata"]["description"] == text
