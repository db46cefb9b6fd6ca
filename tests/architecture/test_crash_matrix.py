"""docs/crash-matrix.md shows every step of every pipeline at every point, and says how to see it for oneself."""

from pathlib import Path

import pytest

from bot.pipeline.pipelines import PIPELINES
from tests.architecture.documents import links, table_rows
from tests.architecture.repository import text_of
from tests.crash.points import Point
from tests.crash.soak import LONG, Result

DOCUMENT = Path("docs/crash-matrix.md")


@pytest.mark.parametrize("kind", PIPELINES)
def test_every_step_stands_in_the_matrix_with_a_word_for_every_point(kind: str) -> None:
    rows = {row[0].strip("`"): row[1:] for row in table_rows(DOCUMENT, f"{kind}: killed ...")}

    assert set(rows) == {step.name for step in PIPELINES[kind].steps}
    assert all(len(cells) == len(Point) and all(cells) for cells in rows.values())
    assert "MISSED" not in text_of(DOCUMENT)


def test_every_point_is_explained_and_is_a_column() -> None:
    assert [row[0] for row in table_rows(DOCUMENT, "point")] == list(Point)
    heads = [line for line in text_of(DOCUMENT).splitlines() if "killed ..." in line]
    columns = [[cell.strip() for cell in head.strip("|").split("|")][1:] for head in heads]
    assert columns == [list(Point)] * len(PIPELINES)


def test_the_soak_is_the_one_that_make_runs() -> None:
    rows = [line.split("|")[1].strip() for line in Result(LONG).drawn().splitlines()]
    told = dict(row for row in table_rows(DOCUMENT, "what"))

    assert [*told] == rows[2:]
    assert told["done"] == str(LONG.systems + LONG.apps)
    assert {told[name] for name in ("failed", "lost", "effects and messages made twice")} == {"0"}


def test_people_find_it() -> None:
    assert DOCUMENT.as_posix() in set(links(Path("README.md")))
    assert DOCUMENT.name in set(links(Path("docs/operation.md")))
