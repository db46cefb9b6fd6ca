"""What the documents point to is there, and nothing in the repository points where it should not."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.documents import anchors, documents, links
from tests.architecture.repository import ROOT, files, text_of

DECISIONS = tuple(sorted(p for p in files() if p.parent == Path("docs/decisions")))
SECTIONS = ["Context", "Decision", "Consequences", "Checks"]
INDEXES = ("pypi" + r"\.org", "python" + "hosted", r"registry\." + r"npmjs", r"proxy\." + "golang")
HOMES = ("/" + r"home/\w", "/" + r"Users/\w", "/" + r"root/", "/" + r"work/\w", "C:" + r"\\")


@pytest.mark.parametrize("document", documents(), ids=str)
def test_every_link_and_picture_leads_somewhere(document: Path) -> None:
    lost = [link for link in links(document) if not leads_somewhere(document, link)]
    assert lost == []


def leads_somewhere(document: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return link.startswith("https://")
    path, _, anchor = link.partition("#")
    target = (ROOT / document.parent / path).resolve() if path else ROOT / document
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target.relative_to(ROOT))


def test_every_picture_is_shown() -> None:
    pictures = {p for p in files() if p.is_relative_to("docs/pictures")}
    shown = {(d.parent / link) for d in documents() for link in links(d)}
    assert pictures - shown == set()


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_with_its_four_parts(decision: Path) -> None:
    text = text_of(decision)
    number, _, _ = decision.stem.partition("-")
    assert text.startswith(f"# {number}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.stem.partition("-")[0]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_what_checks_a_decision_is_there(decision: Path) -> None:
    checks = re.findall(
        r"^- `(.+?)::(\w+)`$", text_of(decision).partition("## Checks")[2], re.MULTILINE
    )
    assert checks
    assert [
        f"{file}::{name}" for file, name in checks if name not in functions_in(ROOT / file)
    ] == []


def functions_in(file: Path) -> set[str]:
    if not file.is_file():
        return set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, functions)}


@pytest.mark.parametrize("pattern", INDEXES)
def test_no_file_names_where_packages_are_downloaded_from(pattern: str) -> None:
    assert matching(pattern) == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    """Skeletons and images have homes of their own; what is meant is the machine this was written on."""
    found = [hit for pattern in HOMES for hit in matching(rf"(?<![\w.}}~*]){pattern}")]
    assert found == []


def test_requirements_hold_pins_and_hashes_alone() -> None:
    pinned = [p for p in files() if p.parent == Path("requirements") and p.suffix == ".txt"]
    assert len(pinned) >= 5
    allowed = re.compile(r"#.*|[\w.\[\]-]+==\S+( ;[^\\]+)?( \\)?|--hash=sha256:[0-9a-f]{64}( \\)?")
    for path in pinned:
        text = text_of(path)
        strange = [ln for ln in text.splitlines() if ln and not allowed.fullmatch(ln.strip())]
        assert strange == [], path
        assert text.count("==") <= text.count("--hash="), path
        assert "://" not in text, path


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", text_of(Path("CHANGELOG.md")), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def matching(pattern: str) -> list[str]:
    searched = re.compile(pattern)
    return [
        f"{path}:{text_of(path)[: found.start()].count(chr(10)) + 1}"
        for path in files()
        for found in searched.finditer(text_of(path))
    ]
