"""Environments and the deployments to them."""

from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged, paged_slowly
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.ci import deployments
from bot.sandbox.gitlab.entities import deployments as entities
from bot.sandbox.gitlab.git import reading
from bot.sandbox.gitlab.model import Deployment, Environment, Level

_TIERS = ("production", "staging", "testing", "development", "other")
_STATES = ("available", "stopping", "stopped")
_STATUSES = ("created", "running", "success", "failed", "canceled", "skipped", "blocked")
_ORDERS = ("id", "iid", "created_at", "updated_at", "ref")


async def list_environments(call: Call) -> Response:
    """The project's environments by name."""
    project = call.code()
    name, search = call.params.text("name"), (call.params.text("search") or "").lower()
    state = call.params.choice("states", _STATES)
    found = call.forge.store.environments.where(
        lambda each: (
            each.project_id == project.id
            and name in {None, each.name}
            and search in each.name.lower()
            and state in {None, each.state}
        )
    )
    found.sort(key=lambda each: each.name)
    return paged(call, found, lambda each: entities.environment(call.forge, each))


def _one(call: Call, minimum: Level = Level.NONE) -> Environment:
    project = call.project(minimum)
    call.code()
    found = call.forge.store.environments.get(call.number("environment_id"))
    if found is None or found.project_id != project.id:
        raise errors.not_found()
    return found


async def get_environment(call: Call) -> Response:
    """One environment, with what was deployed last."""
    environment = _one(call)
    last = entities.last_deployment(call.forge, environment)
    shown = entities.environment(call.forge, environment)
    return answer(shown | {"last_deployment": await _shown(call, last) if last else None})


async def create_environment(call: Call) -> Response:
    """Name somewhere to deploy to."""
    project = call.project(Level.DEVELOPER)
    name = call.params.needed_text("name")
    if deployments.named(call.forge, project.id, name) is not None:
        raise errors.bad_request({"name": ["has already been taken"]})
    made = deployments.add(
        call.forge,
        project.id,
        name,
        url=call.params.text("external_url"),
        tier=call.params.choice("tier", _TIERS),
    )
    return answer(entities.environment(call.forge, _edited(call, made)), 201)


def _edited(call: Call, environment: Environment) -> Environment:
    fields: dict[str, Any] = {
        name: call.params.text(name)
        for name in ("external_url", "description")
        if name in call.params
    }
    if "tier" in call.params:
        fields["tier"] = call.params.choice("tier", _TIERS)
    return call.forge.store.environments.change(
        environment.id, **fields, updated_at=call.forge.now()
    )


async def edit_environment(call: Call) -> Response:
    """Change what is said of an environment."""
    return answer(entities.environment(call.forge, _edited(call, _one(call, Level.DEVELOPER))))


async def stop_environment(call: Call) -> Response:
    """Say that nothing is deployed there any more."""
    stopped = deployments.stop(call.forge, _one(call, Level.DEVELOPER))
    return answer(entities.environment(call.forge, stopped), 201)


async def delete_environment(call: Call) -> Response:
    """Forget an environment that was stopped, and its deployments."""
    environment = _one(call, Level.DEVELOPER)
    if environment.state != "stopped":
        raise errors.forbidden()
    with call.forge.store.transaction():
        call.forge.store.deployments.remove_where(
            lambda each: each.environment_id == environment.id
        )
        call.forge.store.environments.remove(environment.id)
    return nothing()


async def list_deployments(call: Call) -> Response:
    """The project's deployments, the oldest first as GitLab lists them."""
    project = call.code()
    wanted = call.params.text("environment")
    status = call.params.choice("status", _STATUSES)
    names = {each.id: each.name for each in call.forge.store.environments.where()}
    found = call.forge.store.deployments.where(
        lambda each: (
            each.project_id == project.id
            and wanted in {None, names[each.environment_id]}
            and status in {None, each.status}
        )
    )
    order = call.params.choice("order_by", _ORDERS) or "id"
    descending = call.params.choice("sort", ("asc", "desc")) == "desc"
    found.sort(key=lambda each: getattr(each, order), reverse=descending)
    return await paged_slowly(call, found, lambda each: _shown(call, each))


async def get_deployment(call: Call) -> Response:
    """One deployment."""
    project = call.code()
    found = call.forge.store.deployments.get(call.number("deployment_id"))
    if found is None or found.project_id != project.id:
        raise errors.not_found()
    return answer(await _shown(call, found))


async def _shown(call: Call, deployment: Deployment) -> dict[str, Any]:
    project = call.forge.store.projects[deployment.project_id]
    commit = await call.forge.git(reading.commit, project, deployment.sha)
    return entities.deployment(call.forge, deployment, commit)


_BASE = "/projects/{id}/environments"
_ONE = f"{_BASE}/{{environment_id}}"
ROUTES = (
    Route("GET", _BASE, list_environments),
    Route("POST", _BASE, create_environment),
    Route("GET", _ONE, get_environment),
    Route("PUT", _ONE, edit_environment),
    Route("DELETE", _ONE, delete_environment),
    Route("POST", f"{_ONE}/stop", stop_environment),
    Route("GET", "/projects/{id}/deployments", list_deployments),
    Route("GET", "/projects/{id}/deployments/{deployment_id}", get_deployment),
)
