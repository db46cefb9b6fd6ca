"""Give a step what its parameters name: the request, facts that other steps made, and ports."""

from typing import Any

from bot.domain.job import Job
from bot.pipeline.pipeline import PORT_TYPES, JobContext, Pipeline
from bot.pipeline.step import Step
from bot.ports.bundle import Ports


def arguments(pipeline: Pipeline, step: Step[Any], job: Job, ports: Ports) -> dict[str, Any]:
    """All arguments of a step whose facts are there."""
    sources = pipeline.fact_sources[step.name]
    return {
        name: _fact(pipeline, job, sources[name])
        if name in sources
        else _given(kinds, pipeline, step, job, ports)
        for name, kinds in step.needs.items()
    }


def _fact(pipeline: Pipeline, job: Job, maker: str) -> Any:
    return pipeline.by_name[maker].fact.model_validate(job.step(maker).fact)


def _given(
    kinds: tuple[Any, ...], pipeline: Pipeline, step: Step[Any], job: Job, ports: Ports
) -> Any:
    if pipeline.request in kinds:
        return job.request
    if JobContext in kinds:
        return JobContext(
            id=job.id,
            decisions=job.decisions,
            decision=job.decision,
            amended=frozenset(job.amended.get(step.name, ())),
        )
    return next(getattr(ports, PORT_TYPES[kind]) for kind in kinds if kind in PORT_TYPES)
