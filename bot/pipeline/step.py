"""What a step is: a function from facts to a fact, with its title; its parameters' types say what it needs."""

import types
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.domain.job import UNDO
from bot.domain.value import Value

F = TypeVar("F", bound=Value)

PATIENCE = timedelta(hours=1)
TRIES = 15
LONGEST_ATTEMPT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step(Generic[F]):
    """One step. `needs` gives, by parameter name, the types any one of which satisfies it.

    A step that takes another one back names it in `takes_back`.

    `patience` is how long the step may wait for the world in all, `tries` how often it may meet a temporary error
    before either becomes a failure that a person has to look at. `longest_attempt` is when an attempt that hangs is
    given up: more than the calls of a step take together where every system is slow, each within its own timeout.
    """

    name: str
    title: str
    make: Callable[..., Awaitable[F]]
    fact: type[F]
    needs: dict[str, tuple[Any, ...]]
    patience: timedelta
    takes_back: str = ""
    tries: int = TRIES
    longest_attempt: timedelta = LONGEST_ATTEMPT


def step(
    title: str, *, patience: timedelta = PATIENCE
) -> Callable[[Callable[..., Awaitable[F]]], Step[F]]:
    """Make a step of an async function whose annotations name its facts, its request and its ports.

    A step looks first and then makes: it runs again after a crash. It returns its fact, or raises NotYet,
    TemporaryError, PermanentError or Declined. It never sleeps, never posts and never reads settings.
    """

    def declare(make: Callable[..., Awaitable[F]]) -> Step[F]:
        hints = get_type_hints(make)
        fact = hints.pop("return")
        needs = {name: _alternatives(hint) for name, hint in hints.items()}
        return Step(make.__name__, title, make, fact, needs, patience)

    return declare


def undo(
    step: Step[Any], title: str, *, patience: timedelta = PATIENCE
) -> Callable[[Callable[..., Awaitable[F]]], Step[F]]:
    """Make a step of an async function that takes back what another step has made.

    It runs also where that step was cut short, so it must not ask for its fact; it tolerates what is gone already, and
    leaves alone what another request or people made.
    """

    def declare(take_back: Callable[..., Awaitable[F]]) -> Step[F]:
        hints = get_type_hints(take_back)
        fact = hints.pop("return")
        needs = {name: _alternatives(hint) for name, hint in hints.items()}
        name = f"{UNDO}{step.name}"
        return Step(name, title, take_back, fact, needs, patience, takes_back=step.name)

    return declare


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in {Union, types.UnionType}:
        return get_args(hint)
    return (hint,)
