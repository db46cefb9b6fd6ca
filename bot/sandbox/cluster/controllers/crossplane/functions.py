"""Run the functions of a composition's pipeline, as they are written in the cluster."""

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from crossplane.function import resource, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from bot.sandbox.cluster.controllers.objects import Object

_STATUS = {
    fnv1.STATUS_CONDITION_TRUE: "True",
    fnv1.STATUS_CONDITION_FALSE: "False",
    fnv1.STATUS_CONDITION_UNKNOWN: "Unknown",
}


class FunctionError(Exception):
    """A step of the pipeline failed; the words are for the composite's Synced condition."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What the pipeline wants of one resource, and whether it called it ready."""

    manifest: Object
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the whole pipeline wants."""

    resources: Mapping[str, Composed]
    status: Object
    # None: the composite is ready when all its resources are.
    is_ready: bool | None
    conditions: tuple[Object, ...]


def run_pipeline(composition: Object, composite: Object, observed: Mapping[str, Object]) -> Outcome:
    """Call each step with what the former ones desired.

    Raises:
        FunctionError: a step cannot be run, raised, or gave a fatal result.
    """
    request = fnv1.RunFunctionRequest()
    resource.update(request.observed.composite, composite)
    for name, obj in observed.items():
        resource.update(request.observed.resources[name], obj)
    conditions: dict[str, Object] = {}
    for step in composition["spec"]["pipeline"]:
        answer = _run_step(step, request)
        conditions |= {condition.type: _condition(condition) for condition in answer.conditions}
        request.desired.CopyFrom(answer.desired)
        request.context.CopyFrom(answer.context)
    return _outcome(request.desired, tuple(conditions.values()))


def _run_step(step: Object, request: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    where = f'cannot run pipeline step "{step["step"]}"'
    script = step.get("input", {})
    if script.get("kind") != "Script":
        raise FunctionError(f"{where}: the function {step['functionRef']['name']!r} takes a Script")
    answer = response.to(request)
    try:
        _module(script["script"]).compose(request, answer)
    except Exception as error:
        raise FunctionError(f"{where}: {type(error).__name__}: {error}") from error
    fatal = [r.message for r in answer.results if r.severity == fnv1.SEVERITY_FATAL]
    if fatal:
        raise FunctionError(f"{where}: pipeline step returned a fatal result: {fatal[0]}")
    return answer


@functools.lru_cache(maxsize=64)
def _module(script: str) -> Any:
    module = types.ModuleType("composition")
    exec(compile(script, "composition.py", "exec"), module.__dict__)  # noqa: S102 - function-python does just this
    return module


def _outcome(desired: fnv1.State, conditions: tuple[Object, ...]) -> Outcome:
    composed = {
        name: Composed(_plain(entry.resource), entry.ready == fnv1.READY_TRUE)
        for name, entry in desired.resources.items()
    }
    ready = desired.composite.ready
    return Outcome(
        resources=composed,
        status=_plain(desired.composite.resource).get("status", {}),
        is_ready=None if ready == fnv1.READY_UNSPECIFIED else ready == fnv1.READY_TRUE,
        conditions=conditions,
    )


def _condition(condition: fnv1.Condition) -> Object:
    return {
        "type": condition.type,
        "status": _STATUS.get(condition.status, "Unknown"),
        "reason": condition.reason,
        "message": condition.message,
    }


def _plain(struct: Any) -> Object:
    return cast("Object", _whole(resource.struct_to_dict(struct)))


def _whole(value: Any) -> Any:
    """Turn 3.0 back into 3: a protobuf Struct knows one kind of number, an API server two."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
