"""Where the boxes and lines of an entity's graph stand."""

from dataclasses import dataclass

from bot.sandbox.catalog.portrait import Neighbour

_UPWARDS = frozenset({"ownedBy", "partOf", "memberOf", "childOf", "dependencyOf", "apiProvidedBy"})
_BOX, _GAP, _HEIGHT, _STEP = 180, 60, 46, 60
_MOST = 8


@dataclass(frozen=True, slots=True)
class Box:
    """An entity, placed; `relations` are the words on its line to the middle."""

    x: int
    y: int
    neighbour: Neighbour
    relations: str
    is_left: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the entity belongs to stands left of it, what belongs to it right; `more` did not fit."""

    boxes: tuple[Box, ...]
    more: int
    middle: tuple[int, int]
    width: int
    height: int
    box: int = _BOX
    box_height: int = _HEIGHT


def drawn(neighbours: tuple[Neighbour, ...]) -> Drawing:
    """Place each neighbour once, with all that relates it; a side with nothing on it takes no room."""
    words: dict[str, list[str]] = {}
    for each in neighbours:
        words.setdefault(each.ref, []).append(each.relation)
    first = {each.ref: each for each in reversed(neighbours)}
    left = [each for each in first.values() if each.relation in _UPWARDS][:_MOST]
    right = [each for each in first.values() if each.relation not in _UPWARDS][:_MOST]
    height = max(1, len(left), len(right)) * _STEP
    middle = (_BOX + _GAP) if left else 0
    end = middle + (_BOX + _GAP) * bool(right)
    boxes = [
        Box(x, _row(index, len(side), height), each, ", ".join(words[each.ref]), side is left)
        for x, side in ((0, left), (end, right))
        for index, each in enumerate(side)
    ]
    place = middle, (height - _HEIGHT) // 2
    return Drawing(tuple(boxes), len(first) - len(boxes), place, end + _BOX, height)


def _row(index: int, count: int, height: int) -> int:
    """Spread the boxes of a side evenly over the height."""
    return int((index + 0.5) * height / count - _HEIGHT / 2)
