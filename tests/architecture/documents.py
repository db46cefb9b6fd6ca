"""Documents as a reader sees them: links, code blocks, tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ruamel.yaml import YAML

from tests.architecture.repository import files, text_of

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_SPAN = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def documents() -> tuple[Path, ...]:
    """Every Markdown file that people read, without what templates will turn into another repository's."""
    return tuple(p for p in files() if p.suffix == ".md" and "skeletons" not in p.parts)


def code_blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    found = _FENCE.finditer(text_of(document))
    return [match["code"] for match in found if match["language"] == language]


def yaml_of(text: str) -> list[Any]:
    """The documents of a YAML text."""
    return list(YAML(typ="safe").load_all(text))


def links(document: Path) -> Iterator[str]:
    """Where the links and pictures outside of code lead."""
    prose = _SPAN.sub("", _FENCE.sub("", text_of(document)))
    for match in _LINK.finditer(prose):
        yield unquote(match["target"])


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitLab and GitHub make them."""
    titles = (match["title"] for match in _HEADING.finditer(_FENCE.sub("", text_of(document))))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def table_rows(document: Path, first_header: str) -> list[list[str]]:
    """The rows of the table whose first column has this header, without the header."""
    lines = iter(text_of(document).splitlines())
    for line in lines:
        if line.strip("|").split("|")[0].strip() == first_header:
            next(lines)
            break
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
