"""Check a new application against the world, before anything is made."""

import asyncio

from bot.domain.naming import AppNames, app_names, full_name_problem
from bot.domain.request import AppRequest
from bot.ports.bundle import Ports


def names_of(request: AppRequest, ports: Ports) -> AppNames:
    """What the application's things would be called."""
    return app_names(
        gitlab_group=ports.platform.gitlab_group,
        owner=request.owner,
        system=request.system,
        slug=request.slug,
    )


async def problems_of(
    request: AppRequest, ports: Ports, *, instead_of: AppRequest | None = None
) -> dict[str, str]:
    """A sentence for each field that the world refuses; all systems are asked side by side.

    Args:
        request: what is asked for.
        ports: the systems.
        instead_of: what was asked for before, and may be there in part: it does not stand in its own way.
    """
    names = names_of(request, ports)
    if problem := full_name_problem(names):
        return {"name": problem}
    before = names_of(instead_of, ports) if instead_of else None
    checks = await asyncio.gather(
        _system(request, ports),
        _owner(request, ports),
        _repositories(names, before, ports),
        _component(names, before, ports),
        _namespace(names, before, ports),
        _host(request, {names.full_name, before.full_name if before else names.full_name}, ports),
    )
    return {field: problem for field, problem in reversed(checks) if problem}


async def _system(request: AppRequest, ports: Ports) -> tuple[str, str]:
    if await ports.catalog.find(request.system):
        return "system", ""
    return "system", f"The catalog has no system {request.system.name}; /idp new-system adds one."


async def _owner(request: AppRequest, ports: Ports) -> tuple[str, str]:
    team = request.owner.name
    owner, group = await asyncio.gather(
        ports.catalog.find(request.owner),
        ports.git.find_group(f"{ports.platform.gitlab_group}/{team}"),
    )
    if not owner:
        return "owner", f"The catalog has no group {team}."
    if not group:
        path = f"{ports.platform.gitlab_group}/{team}"
        return "owner", f"GitLab has no group {path}; ask the platform team to onboard {team}."
    return "owner", ""


async def _repositories(names: AppNames, before: AppNames | None, ports: Ports) -> tuple[str, str]:
    if before and before.app_repository == names.app_repository:
        return "name", ""
    found = await asyncio.gather(
        ports.git.find_project(names.app_repository),
        ports.git.find_project(names.deployment_repository),
    )
    for project in found:
        if project:
            return "name", f"GitLab already has {project.path}; choose another name."
    return "name", ""


async def _component(names: AppNames, before: AppNames | None, ports: Ports) -> tuple[str, str]:
    is_ours = before and before.component == names.component
    if is_ours or not await ports.catalog.find(names.component_ref):
        return "name", ""
    return "name", f"The catalog already has a component {names.component}; choose another name."


async def _namespace(names: AppNames, before: AppNames | None, ports: Ports) -> tuple[str, str]:
    is_ours = before and before.full_name == names.full_name
    if is_ours or not await ports.cluster.namespace_exists(names.full_name):
        return "name", ""
    return "name", f"The cluster already has a namespace {names.full_name}; choose another name."


async def _host(request: AppRequest, ours: set[str], ports: Ports) -> tuple[str, str]:
    host = ports.platform.first_environment.host(request.hostname)
    holder = await ports.cluster.host_owner(host)
    if not holder or holder in ours:
        return "hostname", ""
    return "hostname", f"{host} already belongs to {holder}; choose another hostname."
