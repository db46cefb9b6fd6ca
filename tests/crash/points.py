"""Where a worker is killed: the points of a step, and which of them a step can have."""

from dataclasses import dataclass
from enum import StrEnum

from bot.pipeline.pipeline import Pipeline


class Point(StrEnum):
    """How far an attempt at a step has come; the order is that of the table's columns."""

    BEFORE = "before the step"
    INTENDED = "after the intent"
    INSIDE = "inside the effect"
    MADE = "after the effect"
    COMMITTED = "after the commit"
    PARKED = "while parked"


@dataclass(frozen=True, slots=True)
class Stop:
    """A worker gets no further than this with a job.

    `name` is a step's, or a notice's key, which has one point: posted, and not yet remembered. `lost` is for the point
    inside of an effect: the calls after which workers were killed already, so that each has its turn.
    """

    job: str
    name: str
    point: Point
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stood:
    """What a worker says when it stands still at a stop, or has gone past one because it asks nobody.

    `change` is the call that changed something and whose answer is lost.
    """

    stop: Stop
    asked_nobody: bool = False
    change: str = ""


def levels(pipeline: Pipeline) -> list[tuple[str, ...]]:
    """The steps by how many others come one after the other before them: those of a level may run side by side."""
    depth: dict[str, int] = {}
    while len(depth) < len(pipeline.steps):
        for step in pipeline.steps:
            needs = pipeline.dependencies[step.name]
            if needs <= depth.keys():
                depth[step.name] = 1 + max((depth[need] for need in needs), default=-1)
    return [
        tuple(name for name, at in depth.items() if at == level)
        for level in range(1 + max(depth.values()))
    ]
