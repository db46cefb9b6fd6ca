"""What a job's facts mean to people: its plan, and the links that have become true."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain.job import Job, StepRecord, StepState
from bot.domain.value import Value
from bot.pipeline import facts


class Outcome(Value):
    """Something that exists now; the address is empty where there is no page for it."""

    label: str
    url: str


def plan(job: Job) -> facts.AppPlan | facts.SystemPlan | None:
    """What the job is going to make, once it has been planned."""
    app, system = job.step("plan_app"), job.step("plan_system")
    if app.state is StepState.DONE:
        return facts.AppPlan.model_validate(app.fact)
    if system.state is StepState.DONE:
        return facts.SystemPlan.model_validate(system.fact)
    return None


def outcome(step: str, record: StepRecord) -> Outcome | None:
    """What a step made, if people can look at it."""
    if record.state is not StepState.DONE or step not in _READERS:
        return None
    return _READERS[step](record.fact)


def outcomes(job: Job) -> tuple[Outcome, ...]:
    """Everything that exists so far, in the order in which people look for it."""
    found = (outcome(step, job.step(step)) for step in _READERS if not is_gone(job, step))
    return tuple(made for made in found if made)


def is_gone(job: Job, step: str) -> bool:
    """Whether what a step made was taken back, by itself or with what it was in."""
    return job.has_taken_back(step) or job.has_taken_back(_WITHIN.get(step, step))


def _app_repository(fact: Any) -> Outcome:
    made = facts.AppRepository.model_validate(fact)
    return Outcome(label="Application repository", url=made.project.web_url)


def _deployment_repository(fact: Any) -> Outcome:
    made = facts.DeploymentRepository.model_validate(fact)
    return Outcome(label="Deployment repository", url=made.project.web_url)


def _pipeline(fact: Any) -> Outcome:
    return Outcome(label="Pipeline", url=facts.FirstPipeline.model_validate(fact).web_url)


def _environment(fact: Any) -> Outcome:
    made = facts.EnvironmentDeclaration.model_validate(fact)
    return Outcome(label="Environment declaration", url=made.commit.web_url)


def _system_file(fact: Any) -> Outcome:
    return Outcome(label="System file", url=facts.SystemFile.model_validate(fact).location)


def _deployment(fact: Any) -> Outcome:
    return Outcome(label="Argo CD application", url=facts.Deployment.model_validate(fact).web_url)


def _catalog_entry(fact: Any) -> Outcome:
    return Outcome(label="Catalog entry", url=facts.CatalogEntry.model_validate(fact).web_url)


def _live_url(fact: Any) -> Outcome:
    return Outcome(label="Live URL", url=facts.LiveUrl.model_validate(fact).url)


_WITHIN: Mapping[str, str] = {
    "await_pipeline": "create_app_repository",
    "await_deployment": "declare_environment",
    "await_live_url": "declare_environment",
}

_READERS: Mapping[str, Callable[[Any], Outcome]] = {
    "await_live_url": _live_url,
    "create_app_repository": _app_repository,
    "create_deployment_repository": _deployment_repository,
    "await_pipeline": _pipeline,
    "declare_environment": _environment,
    "await_deployment": _deployment,
    "add_system_to_catalog": _system_file,
    "register_component": _catalog_entry,
    "await_catalog_entry": _catalog_entry,
}
