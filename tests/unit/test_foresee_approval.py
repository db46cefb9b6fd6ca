"""Whether approval will be needed is told while the form is being filled in, whatever else the template asks for."""

from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.memory.template_library import MemoryTemplateLibrary
from bot.ports.template_library import FormPage, Template
from bot.usecases.foresee_approval import foresee_approval
from bot.usecases.submission import Submission
from tests.builders import ADA
from tests.world import World

PUBLIC = ("The repositories will be public.",)
ANYTHING: dict[str, Any] = {"type": "string"}


def a_template(**properties: Any) -> Template:
    fields = ("name", "system", "description", "hostname", "owner", "visibility")
    asked = {**dict.fromkeys(fields, ANYTHING), **properties}
    schema: dict[str, Any] = {"type": "object", "required": list(asked), "properties": asked}
    return Template(
        name="one",
        title="One",
        description="",
        pipeline="new-app",
        pages=(FormPage(title="", schema_=schema),),
        skeletons={},
        digest="",
    )


def foreseen(template: Template, **values: Any) -> tuple[str, ...] | None:
    library = MemoryTemplateLibrary()
    library.add(template, {})
    submission = Submission(id="V1", template="one", values=values, requester=ADA, channel="")
    terms = foresee_approval(submission, ports=replace(World().ports, templates=library))
    return terms.reasons if terms else None


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}},
        {"language": {"type": "string", "enum": ["en", "de"]}},
        {"visibility": {"type": "string", "enum": ["private", "public"]}},
        {"description": {"type": "string", "minLength": 100}},
        {"hostname": {"type": "string", "maxLength": 3}},
        {"system": {"type": "string", "enum": ["system:default/checkout"]}},
    ],
    ids=str,
)
def test_an_approval_is_foreseen_whatever_else_the_template_is_strict_about(
    properties: dict[str, Any],
) -> None:
    template = a_template(**properties)

    assert foreseen(template, owner="group:default/payments", visibility="public") == PUBLIC
    assert foreseen(template, owner="group:default/storefront") == (
        "Ada is not a member of storefront.",
    )


@pytest.mark.parametrize("owner", ["", "no reference at all", 3])
def test_nothing_is_foreseen_while_it_is_not_known_who_owns_it(owner: Any) -> None:
    assert foreseen(a_template(), owner=owner, visibility="public") is None
    assert foreseen(a_template(), visibility="public") is None


def test_nothing_is_foreseen_where_no_approval_is_needed() -> None:
    assert foreseen(a_template(), owner="group:default/payments", visibility="private") is None
