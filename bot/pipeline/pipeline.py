"""A pipeline: the steps of one kind of job, checked to fit together before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, get_type_hints

from bot.domain.approval import Decision
from bot.domain.value import Value
from bot.pipeline.step import Step
from bot.ports.bundle import Ports


class JobContext(Value):
    """What a step may know of the job that it runs in.

    `amended` are the parts of what the step makes that changed since it was first made, where input was fixed.
    """

    id: str
    decisions: tuple[Decision, ...]
    decision: Decision | None
    amended: frozenset[str]


class PipelineBroken(Exception):
    """The steps do not fit together: a mistake of the programmer, found at start-up."""


PORT_TYPES: Mapping[Any, str] = {get_type_hints(Ports)[f.name]: f.name for f in fields(Ports)}


@dataclass(frozen=True)
class Pipeline:
    """Steps in the order of a table of contents; the order in which they run follows from their facts.

    Raises:
        PipelineBroken: a fact has two makers or none, or facts depend on each other in a circle.
    """

    kind: str
    request: type[Value]
    steps: tuple[Step[Any], ...]
    approval_step: str
    undos: tuple[Step[Any], ...] = ()

    def __post_init__(self) -> None:
        """Refuse steps that do not fit together."""
        if len(self.makers) != len(self.steps):
            raise PipelineBroken(f"{self.kind}: two steps make the same fact")
        if self.approval_step not in self.by_name:
            raise PipelineBroken(f"{self.kind}: there is no step {self.approval_step}")
        for undo in self.undos:
            self._check_undo(undo)
        try:
            TopologicalSorter(self.dependencies).prepare()
        except CycleError as error:
            raise PipelineBroken(f"{self.kind}: {error.args[1]} need each other") from error

    def _check_undo(self, undo: Step[Any]) -> None:
        """What an undo needs must be there as soon as its step has begun."""
        if undo.takes_back not in self.dependencies:
            raise PipelineBroken(f"{self.kind}: there is no step {undo.takes_back} to take back")
        for maker in self.fact_sources[undo.name].values():
            if not self.precedes(maker, undo.takes_back):
                raise PipelineBroken(
                    f"{self.kind}: {undo.name} needs what {maker} makes, which may not be there"
                )

    @property
    def plan_step(self) -> Step[Any]:
        """The first step, which says what all others will make."""
        return self.steps[0]

    @cached_property
    def by_name(self) -> Mapping[str, Step[Any]]:
        """The steps by name."""
        return {step.name: step for step in (*self.steps, *self.undos)}

    @cached_property
    def makers(self) -> Mapping[type[Value], str]:
        """Which step makes which fact."""
        return {step.fact: step.name for step in self.steps}

    @cached_property
    def dependencies(self) -> Mapping[str, frozenset[str]]:
        """The steps whose facts each step needs."""
        return {step.name: frozenset(self._sources(step).values()) for step in self.steps}

    @cached_property
    def predecessors(self) -> Mapping[str, frozenset[str]]:
        """The steps that each step needs, directly or not."""
        return {
            step.name: frozenset(o.name for o in self.steps if self.precedes(o.name, step.name))
            for step in self.steps
        }

    @cached_property
    def fact_sources(self) -> Mapping[str, Mapping[str, str]]:
        """For each step, which parameter is whose fact."""
        return {step.name: self._sources(step) for step in (*self.steps, *self.undos)}

    def precedes(self, earlier: str, later: str) -> bool:
        """Whether a step needs what another one makes, directly or not."""
        direct = self.dependencies[later]
        return earlier in direct or any(self.precedes(earlier, each) for each in direct)

    def _sources(self, step: Step[Any]) -> dict[str, str]:
        sources = {}
        for parameter, alternatives in step.needs.items():
            makers = [self.makers[kind] for kind in alternatives if kind in self.makers]
            if len(makers) == 1:
                sources[parameter] = makers[0]
            elif makers or not self._is_given(alternatives):
                raise PipelineBroken(
                    f"{self.kind}: {step.name} needs “{parameter}”, which {len(makers)} steps make"
                )
        return sources

    def _is_given(self, alternatives: tuple[Any, ...]) -> bool:
        given = {self.request, JobContext, *PORT_TYPES}
        return any(kind in given for kind in alternatives)
