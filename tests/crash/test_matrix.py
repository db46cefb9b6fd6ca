"""At every point of every step a worker was killed, or the step has no such point; the table says how long it took."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.pipeline.pipeline import Pipeline
from bot.pipeline.pipelines import PIPELINES
from tests.crash.points import Point, levels
from tests.crash.stage import Outcomes
from tests.crash.table import drawn

pytestmark = [pytest.mark.timeout(240)]

KEPT = Path("artifacts/crash-matrix.md")
STEPS = [(kind, step.name) for kind, pipeline in PIPELINES.items() for step in pipeline.steps]
PLACES = [(kind, step, point) for kind, step in STEPS for point in Point]
ALWAYS = [point for point in Point if point not in {Point.INSIDE, Point.PARKED}]


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_a_worker_is_killed_at_every_point_that_the_step_has(
    outcomes: Outcomes, kind: str, step: str
) -> None:
    cells = {point: outcomes.cell(kind, step, point) for point in Point}
    assert all(cells[point].times for point in ALWAYS)
    assert all(cell.times or cell.why_not for cell in cells.values())


@pytest.mark.parametrize(
    ("kind", "step"),
    [(kind, undo.takes_back) for kind, p in PIPELINES.items() for undo in p.undos],
)
def test_a_worker_is_killed_inside_of_every_effect_that_can_be_taken_back(
    outcomes: Outcomes, kind: str, step: str
) -> None:
    assert outcomes.cell(kind, step, Point.INSIDE).times


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_worker_is_killed_while_people_are_waited_for(outcomes: Outcomes, kind: str) -> None:
    assert outcomes.cell(kind, PIPELINES[kind].approval_step, Point.PARKED).times


def test_the_table_is_shown_and_kept(
    outcomes: Outcomes, record_property: Callable[[str, object], None]
) -> None:
    table = drawn({place: outcomes.cell(*place) for place in PLACES})
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(f"{table}\n", encoding="utf-8")
    record_property("table", table)
    assert "MISSED" not in table


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=lambda pipeline: pipeline.kind)
def test_levels_hold_every_step_after_all_that_it_needs(pipeline: Pipeline) -> None:
    behind: set[str] = set()
    for level in levels(pipeline):
        assert all(pipeline.dependencies[name] <= behind for name in level)
        behind.update(level)
    assert behind == {step.name for step in pipeline.steps}
