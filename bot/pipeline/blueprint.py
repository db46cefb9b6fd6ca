"""What a request amounts to, before any of it is made: the projects and files that the steps then make as planned."""

import hashlib
from collections.abc import Mapping

from bot.domain import effect
from bot.domain.effect import NOTHING, Effect, Effects
from bot.domain.errors import PlanAgain
from bot.domain.platform import Platform
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.facts import AppPlan, Plan, SystemPlan
from bot.pipeline.skeleton import app_values, system_values
from bot.ports.git_host import NewProject, RenderedFile
from bot.ports.template_library import TemplateLibrary

Files = Mapping[str, RenderedFile]

PROPERTIES = frozenset({"title", "description", "visibility"})
"""The parts of a project that are no files."""


def app_project(request: AppRequest, plan: AppPlan, *, mark: str) -> NewProject:
    """The project for the application's code."""
    return NewProject(
        path=plan.names.app_repository,
        title=request.name,
        description=request.description,
        visibility=request.visibility,
        mark=mark,
    )


def deployment_project(request: AppRequest, plan: AppPlan, *, mark: str) -> NewProject:
    """The project that Argo CD deploys from."""
    return NewProject(
        path=plan.names.deployment_repository,
        title=f"{request.name} deployment",
        description=f"Deployment of {request.name}: {request.description}",
        visibility=request.visibility,
        mark=mark,
    )


def manifest_file(plan: AppPlan) -> str:
    """Where the environment is declared in the user-apps repository."""
    return f"environments/{plan.environment.name}/{plan.names.full_name}.yaml"


def app_effects(
    request: AppRequest, plan: AppPlan, templates: TemplateLibrary, platform: Platform
) -> Effects:
    """What the steps of new-app will make, by the steps' names."""
    values = app_values(request, plan, platform)
    app = templates.render(request.template, "app", values)
    deployment = templates.render(request.template, "deployment", values)
    names = plan.names
    return {
        "create_deployment_repository": repository(
            deployment_project(request, plan, mark=""), deployment
        ),
        "create_app_repository": repository(app_project(request, plan, mark=""), app),
        "declare_environment": Effect(place=manifest_file(plan)),
        "register_component": Effect(place=f"{names.component_ref} in {names.app_repository}"),
    }


def system_effects(
    request: SystemRequest, plan: SystemPlan, templates: TemplateLibrary, platform: Platform
) -> Effects:
    """What the steps of new-system will make, by the steps' names."""
    files = templates.render(request.template, "catalog", system_values(request, platform))
    return {
        "add_system_to_catalog": Effect(place=plan.file, parts=_digests(files)),
        "await_catalog_entry": Effect(place=str(plan.ref)),
    }


def repository(project: NewProject, files: Files) -> Effect:
    """A project with its files; whose it is makes no difference to what it is."""
    parts = {name: _digest(str(getattr(project, name)).encode()) for name in PROPERTIES}
    return Effect(place=project.path, parts=parts | _digests(files))


def check(plan: Plan, step: str, now: Effect) -> None:
    """Make only what was planned, and agreed to: a template, or an address in the settings, may have changed since.

    Raises:
        PlanAgain: it would be something else now.
    """
    planned = plan.effects.get(step)
    if planned and planned != now:
        words = effect.in_words(planned, now)
        raise PlanAgain(f"The template or a setting has changed since this was planned: {words}.")


def is_as_planned(plan: Plan, step: str, file: str, content: bytes) -> bool:
    """Whether a file is still what the step was to write; what somebody has changed since is theirs, too."""
    planned = plan.effects.get(step, NOTHING).parts.get(file)
    written = (RenderedFile(content=content, executable=executable) for executable in (False, True))
    return any(_digests({file: each})[file] == planned for each in written)


def changes(before: Effects, after: Effects, titles: Mapping[str, str]) -> tuple[str, ...]:
    """What would be made that was not planned before, a sentence for each step."""
    return tuple(
        f"{titles[step]}: {effect.in_words(before.get(step, NOTHING), after.get(step, NOTHING))}"
        for step in effect.changed_steps(before, after)
    )


def _digests(files: Files) -> dict[str, str]:
    return {path: _digest(bytes([file.executable]) + file.content) for path, file in files.items()}


def _digest(content: bytes) -> str:
    """Half of a SHA-256 is plenty to tell two files apart, and a plan has dozens."""
    return hashlib.sha256(content).hexdigest()[:32]
