"""docs/failures.md lists every known cause as the card tells it, and no other."""

from pathlib import Path
from typing import Any

from bot.adapters.template_folder import TemplateFolder
from bot.domain.causes.known import KNOWN
from bot.domain.job import UNDO
from bot.pipeline.pipelines import PIPELINES
from tests.architecture.repository import ROOT, text_of

FAILURES = Path("docs/failures.md")


def rows() -> list[tuple[str, ...]]:
    lines = text_of(FAILURES).splitlines()
    cells = (tuple(c.strip() for c in li.strip("|").split("|")) for li in lines if li[:3] == "| `")
    return [(name.strip("`"), *told) for name, *told in cells]


def test_every_known_cause_is_listed_in_the_words_of_the_card() -> None:
    told = {(c.name, c.meaning, c.fix, str(c.helper)) for c in KNOWN}
    assert set(rows()) == told
    assert len(rows()) == len(KNOWN)


def test_known_causes_name_steps_that_there_are() -> None:
    steps = {name for pipeline in PIPELINES.values() for name in pipeline.by_name}
    assert {step for cause in KNOWN for step in cause.steps} <= steps
    assert not [step for cause in KNOWN for step in cause.steps if step.startswith(UNDO)]


def test_known_causes_name_properties_that_forms_have() -> None:
    pages = TemplateFolder(ROOT / "templates").get("python-fastapi").pages
    schemas: list[Any] = [page.schema_ for page in pages]
    fields = {name for schema in schemas for name in schema["properties"]}
    assert {field for cause in KNOWN for field in cause.fields} <= fields


def test_what_to_do_is_told_in_whole_sentences() -> None:
    for cause in KNOWN:
        assert cause.meaning.endswith("."), cause.name
        assert cause.fix.endswith("."), cause.name
