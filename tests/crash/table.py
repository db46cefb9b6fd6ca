"""The matrix as a table in Markdown: steps by points, with the seconds to resume."""

from collections.abc import Iterable, Mapping, Sequence

from bot.pipeline.pipelines import PIPELINES
from tests.crash.matrix import Cell
from tests.crash.points import Point
from tests.crash.watch import PAUSE

Cells = Mapping[tuple[str, str, Point], Cell]


def drawn(cells: Cells) -> str:
    """A table for each pipeline."""
    return "\n\n".join(
        table(
            (f"{kind}: killed ...", *Point),
            [
                (f"`{step.name}`", *(_shown(cells[kind, step.name, point]) for point in Point))
                for step in pipeline.steps
            ],
        )
        for kind, pipeline in PIPELINES.items()
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns of one width, so that it can be read in a terminal, too."""
    cells = [list(head), *map(list, rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    lines = [
        f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |"
        for row in cells
    ]
    return "\n".join([lines[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines[1:]])


def _shown(cell: Cell) -> str:
    if not cell.times:
        return cell.why_not or "MISSED"
    longest = max(cell.times)
    times = f"{longest:.1f} s" if longest > PAUSE else f"< {PAUSE} s"
    return f"{times} ({len(cell.times)} kills)" if len(cell.times) > 1 else times
