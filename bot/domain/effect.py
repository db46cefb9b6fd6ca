"""What a step is going to make, known before it is made: where it will stand, and a digest of each part of it."""

from collections.abc import Iterable, Mapping

from bot.domain.value import Value

_NAMED = 5


class Effect(Value):
    """One thing that will be made.

    `place` is what it is found by (a project's path, a file, an entity): with another place it is another thing, with
    the same place it can be changed where it stands. `parts` are digests by the part's name: a property, or a file.
    """

    place: str
    parts: Mapping[str, str] = {}


Effects = Mapping[str, Effect]
"""The effects of a pipeline's steps, by the steps' names."""

NOTHING = Effect(place="")


def changed_parts(before: Effect, after: Effect) -> tuple[str, ...]:
    """The names of the parts that differ; all of them where it stands elsewhere."""
    if before.place != after.place:
        return tuple(sorted(after.parts))
    names = before.parts.keys() | after.parts.keys()
    return tuple(sorted(n for n in names if before.parts.get(n) != after.parts.get(n)))


def changed_steps(before: Effects, after: Effects) -> tuple[str, ...]:
    """The steps that would make something else than before."""
    names = [*before, *(name for name in after if name not in before)]
    return tuple(name for name in names if before.get(name) != after.get(name))


def in_words(before: Effect, after: Effect) -> str:
    """What differs, as a list for people."""
    if before.place != after.place:
        return f"{after.place or 'nothing'} instead of {before.place or 'nothing'}"
    return _listed(changed_parts(before, after))


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    if len(shown) <= _NAMED:
        return ", ".join(shown)
    return f"{', '.join(shown[:_NAMED])} and {len(shown) - _NAMED} more"
